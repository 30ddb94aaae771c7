/** The process's resident set, from Linux's /proc; other systems have no peak that can be reset. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const statusFile = '/proc/self/status';
const clearFile = '/proc/self/clear_refs';
/** proc(5): resets the peak resident set size. */
const resetPeak = '5';

function statusBytes(field: 'VmRSS' | 'VmHWM'): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(statusFile, 'utf8'));
  return 1024 * Number(match?.[1]);
}

export interface ResidentMeter {
  /** Starts a new peak, after what the garbage collector can free is gone. */
  readonly begin: () => void;
  /** Peak since `begin`, less what the process held beside its arrays when the meter was made. */
  readonly peakBytes: () => number;
}

/** Made when `liveBytes` of arrays exist and no step has run yet. */
export function residentMeter(liveBytes: number): ResidentMeter | undefined {
  if (!existsSync(statusFile) || !existsSync(clearFile)) return undefined;
  globalThis.gc?.();
  const otherBytes = statusBytes('VmRSS') - liveBytes;
  return {
    begin() {
      globalThis.gc?.();
      writeFileSync(clearFile, resetPeak);
    },
    peakBytes: () => statusBytes('VmHWM') - otherBytes,
  };
}
