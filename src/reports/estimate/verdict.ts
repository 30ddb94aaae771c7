import type { AnyEstimate } from './schema.js';

/** Whether a report's verdict is the answer *yes*: it fits, nobody named a card, or it is tight and that was allowed. */
export function isYes({ verdict, config }: Pick<AnyEstimate, 'verdict' | 'config'>): boolean {
  switch (verdict.kind) {
    case 'fits':
    case 'unknown':
      return true;
    case 'tight':
      return config.allowTight;
    case 'exceeds':
      return false;
  }
}
