/** What `ledger.ts` is to estimates in a browser: no verification was run there, and a page reads no file of its user's by itself. */
import type { LedgerEntry } from '../accuracy/ledger.js';

export const defaultLedgerFile = (): undefined => undefined;
export const readRecentEntries = (_file: string | undefined): LedgerEntry[] => [];
