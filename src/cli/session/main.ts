/**
 * A session: requests on standard input, answers on standard output, a line of JSON each (`answer.ts`). It is what the Python module starts,
 * not a command. It ends when its standard input does, also in the middle of an answer: whoever asked is gone.
 */
import { Worker } from 'node:worker_threads';
import { assetFile } from '../../config/assets.js';
import { MiB } from '../../units.js';
import { exitCodes } from '../failure.js';
import { Lines } from './lines.js';

/** A report that is to be shown comes back whole; the largest, of a sweep that lists every candidate, has some ten. */
const maximumLineBytes = 256 * MiB;

const worker = new Worker(assetFile('cli/session/worker.js'));
worker.on('message', (answer: string) => process.stdout.write(`${answer}\n`));
worker.on('error', (error) => {
  process.stderr.write(`${error.stack ?? error}\n`);
  process.exit(exitCodes.bug);
});

const lines = new Lines(maximumLineBytes, (line) => worker.postMessage(line));
process.stdin.on('data', (piece: Buffer) => lines.add(piece));
process.stdin.on('end', () => process.exit(exitCodes.yes));
// Nobody reads the answers.
process.stdout.on('error', () => process.exit(exitCodes.yes));
