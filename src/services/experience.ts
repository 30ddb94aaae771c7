/** How accurate a runtime's estimates have been: what ships, and what the user's own ledger adds. */
import { accuracyFrom } from '../accuracy/ledger.js';
import { type Accuracy, shippedAccuracy } from '../accuracy/shipped.js';
import type { RuntimeName } from '../config/types.js';
import { defaultLedgerFile, readRecentEntries } from '../verify/ledger.js';

export const experience = (runtime: RuntimeName): Accuracy =>
  accuracyFrom(readRecentEntries(defaultLedgerFile()), shippedAccuracy[runtime]);
