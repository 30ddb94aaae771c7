/** What a command notices beside its answer, e.g. a damaged line of the ledger. The command line prints each once, on stderr. */
import { AsyncLocalStorage } from 'node:async_hooks';

const noticed = new AsyncLocalStorage<Set<string>>();

/** A library's caller gets it as one of Node's own process warnings. */
export function warn(text: string): void {
  const warnings = noticed.getStore();
  if (warnings !== undefined) warnings.add(text);
  else process.emitWarning(text, 'GcPlanWarning');
}

/** Everything that `run` warns of is in `warnings`, also where it fails. */
export const collectingWarnings = <Value>(warnings: Set<string>, run: () => Value): Value => noticed.run(warnings, run);
