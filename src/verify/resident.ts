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
  /** What is resident now counts as holding `liveBytes` of arrays. */
  readonly begin: (liveBytes: number) => void;
  /** Peak since `begin`, less what else the process held then. */
  readonly peakBytes: () => number;
}

export function residentMeter(): ResidentMeter | undefined {
  if (!existsSync(statusFile) || !existsSync(clearFile)) return undefined;
  let otherBytes = 0;
  return {
    begin(liveBytes) {
      globalThis.gc?.();
      writeFileSync(clearFile, resetPeak);
      otherBytes = statusBytes('VmRSS') - liveBytes;
    },
    peakBytes: () => statusBytes('VmHWM') - otherBytes,
  };
}
