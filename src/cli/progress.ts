/** Bars on a terminal's stderr; nothing elsewhere. */
import type { Options, SingleBar } from 'cli-progress';
import type { FromWorker } from '../verify/protocol.js';
import type { Io } from './io.js';

export interface CandidatesBar {
  readonly update: ((done: number, total: number) => void) | undefined;
  readonly stop: () => void;
}

export interface StepsBar {
  readonly show: (progress: Extract<FromWorker, { kind: 'progress' }>) => void;
  /** The next one of a series of configurations begins. */
  readonly onRung: (rung: number, numRungs: number) => void;
  readonly stop: () => void;
}

/** Shorter work than this needs no bar. */
const patienceMs = 500;

/** How many of a sweep's candidates are priced, and how long the rest will take. */
export async function candidatesBar(io: Io): Promise<CandidatesBar> {
  const bar = await terminalBar(io, {
    etaBuffer: 50,
    format: '{bar} {percentage} % of {total} candidates, {eta_formatted} left',
  });
  if (bar === undefined) return { update: undefined, stop: () => {} };
  const begin = performance.now();
  return {
    update: (done, total) => {
      if (bar.isActive) bar.update(done);
      else if (performance.now() - begin > patienceMs) bar.start(total, done);
    },
    stop: () => bar.stop(),
  };
}

/** Size, step and phase of a run, and how long its other steps will take at the pace so far. */
export async function stepsBar(io: Io): Promise<StepsBar> {
  const bar = await terminalBar(io, {
    format: '{bar} {where}{eta_formatted}',
    formatTime: (seconds) => (Number.isFinite(seconds) ? `, ${seconds} s left` : ''),
  });
  if (bar === undefined) return { show: () => {}, onRung: () => {}, stop: () => {} };
  let size = '';
  let done: number | undefined;
  return {
    onRung(rung, numRungs) {
      size = `size ${rung} of ${numRungs}, `;
      done = undefined;
    },
    show({ step, numSteps, phase }) {
      const where = size + (step === 0 ? phase : `step ${step} of ${numSteps}, ${phase}`);
      // The time that loading and building take says nothing of a step's.
      if (done === undefined) bar.start(numSteps, 0, { where });
      else if (step - 1 > done) bar.update(step - 1, { where });
      else bar.update({ where });
      done = step === 0 ? undefined : step - 1;
    },
    stop: () => bar.stop(),
  };
}

async function terminalBar({ stderr }: Io, options: Options): Promise<SingleBar | undefined> {
  if (stderr.isTTY !== true) return undefined;
  const { Presets, SingleBar } = await import('cli-progress');
  return new SingleBar(
    { ...options, stream: stderr as NodeJS.WriteStream, barsize: 24, clearOnComplete: true },
    Presets.shades_classic,
  );
}
