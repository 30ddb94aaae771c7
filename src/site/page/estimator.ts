/** The estimator in a worker, which comes from the page itself: a page that was opened from a file may load no other. */
import type { Refused, Replies, Reply, Request } from '../messages.js';

export class Refusal extends Error {
  constructor(readonly refused: Refused) {
    super(refused.message);
  }
}

declare global {
  /** The worker's script, by the build. */
  var gcPlanWorker: string;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

let source: string | undefined;

export class Estimator {
  private worker = this.started();
  private waiting = new Map<number, Waiting>();
  private lastId = 0;
  private files: Readonly<Record<string, Uint8Array>> = {};

  ask<Kind extends keyof Replies>(request: Request & { readonly kind: Kind }): Promise<Replies[Kind]> {
    const id = ++this.lastId;
    if ('files' in request) this.files = request.files;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, request });
    });
  }

  get isBusy(): boolean {
    return this.waiting.size > 0;
  }

  /** Whatever it is at is no longer wanted: nobody is answered. */
  restart(): void {
    this.worker.terminate();
    this.waiting = new Map();
    this.worker = this.started();
    if (Object.keys(this.files).length > 0) this.ask({ kind: 'files', files: this.files });
  }

  private started(): Worker {
    source ??= URL.createObjectURL(new Blob([gcPlanWorker], { type: 'text/javascript' }));
    const worker = new Worker(source);
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ('refused' in data) waiting?.reject(new Refusal(data.refused));
      else waiting?.resolve(data.value as never);
    });
    worker.addEventListener('error', ({ message }) => {
      const refused = {
        code: 'internal-error',
        message: `The worker ended: ${message}`,
        nextSteps: ['Reload the page.'],
      };
      for (const { reject } of this.waiting.values()) reject(new Refusal(refused));
      this.waiting = new Map();
    });
    return worker;
  }
}

/** A question to the one that searches. */
export type Search = Estimator['ask'];
