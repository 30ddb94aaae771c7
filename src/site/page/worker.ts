/** The estimator in a worker of the page: one reply for each request. */
import { dropFiles } from '../../config/read-file.browser.js';
import { InputError } from '../../errors.js';
import { answer, catalogue, cell, changes, plan } from '../engine.js';
import type { Refused, Replies, Reply, Request } from '../messages.js';

const say = (reply: Reply): void => postMessage(reply);

async function replyTo(request: Request): Promise<Replies[keyof Replies]> {
  switch (request.kind) {
    case 'catalogue':
      return catalogue();
    case 'answer':
      return answer(request.question);
    case 'changes':
      return changes(request.question);
    case 'plan':
      return plan(request.question);
    case 'cell':
      return cell(request.question, request.hiddenDim, request.layers);
    case 'files':
      dropFiles(request.files);
      return null;
  }
}

const refusedBy = (error: unknown): Refused =>
  error instanceof InputError
    ? { code: error.code, message: error.message, nextSteps: error.nextSteps }
    : {
        code: 'internal-error',
        message: `This is a bug in gc-plan: ${error}`,
        nextSteps: ['Report it, with the command line below.'],
      };

addEventListener('message', async ({ data: { id, request } }: MessageEvent<{ id: number; request: Request }>) => {
  try {
    say({ id, value: await replyTo(request) });
  } catch (error) {
    say({ id, refused: refusedBy(error) });
  }
});
