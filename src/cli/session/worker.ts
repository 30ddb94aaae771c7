/** Answers the lines that it is handed, one after the other, in a thread of its own: whatever it computes, the process can end at once. */
import { parentPort } from 'node:worker_threads';
import { answerTo } from './answer.js';

let before: Promise<void> = Promise.resolve();

parentPort!.on('message', (line: string | undefined) => {
  before = before.then(async () => parentPort!.postMessage(JSON.stringify(await answerTo(line))));
});
