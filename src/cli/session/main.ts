/**
 * A session: requests on standard input, answers on standard output, a line of JSON each (`answer.ts`). It is what the Python module starts,
 * not a command. It ends when its standard input does, also in the middle of an answer: whoever asked is gone.
 */
import { Worker } from 'node:worker_threads';
import { assetFile } from '../../config/assets.js';
import { InputError } from '../../errors.js';
import { MiB } from '../../units.js';
import { classify, exitCodes } from '../failure.js';

/** A report that is to be shown comes back whole; the largest, of a sweep that lists every candidate, has some ten. */
const maximumLineBytes = 256 * MiB;

const worker = new Worker(assetFile('cli/session/worker.js'));
const write = (line: string) => process.stdout.write(`${line}\n`);
worker.on('message', write);
worker.on('error', (error) => {
  process.stderr.write(`${error.stack ?? error}\n`);
  process.exit(exitCodes.bug);
});

/** Bytes of the line that has begun; none of them where it is too long already. */
let begun: Buffer[] = [];
let begunBytes = 0;

function take(part: Buffer): void {
  begunBytes += part.length;
  if (begunBytes > maximumLineBytes) begun = [];
  else begun.push(part);
}

function endLine(): void {
  const isTooLong = begunBytes > maximumLineBytes;
  const line = Buffer.concat(begun).toString();
  begun = [];
  begunBytes = 0;
  if (isTooLong) {
    const error = new InputError('invalid-request', `A line has more than ${maximumLineBytes / MiB} MiB.`, []);
    write(JSON.stringify({ id: null, error: classify(error).report }));
  } else if (line.trim() !== '') worker.postMessage(line);
}

process.stdin.on('data', (chunk: Buffer) => {
  let start = 0;
  for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
    take(chunk.subarray(start, end));
    endLine();
    start = end + 1;
  }
  if (start < chunk.length) take(chunk.subarray(start));
});
process.stdin.on('end', () => process.exit(exitCodes.yes));
// Nobody reads the answers.
process.stdout.on('error', () => process.exit(exitCodes.yes));
