/** One line on a terminal's stderr: step, phase, and how long the rest will take at the pace so far. */
import type { FromWorker } from './protocol.js';

interface Terminal {
  write(text: string): void;
  readonly isTTY?: boolean | undefined;
}

export interface ProgressBar {
  readonly show: (progress: Extract<FromWorker, { kind: 'progress' }>) => void;
  /** The next one of a series of configurations begins. */
  readonly onRung: (rung: number, numRungs: number) => void;
  readonly clear: () => void;
}

const width = 24;
/** Carriage return, erase to the end of the line. */
const startOfLine = '\r\u001b[K';
const silent: ProgressBar = { show: () => {}, onRung: () => {}, clear: () => {} };

export function progressBar(terminal: Terminal, now: () => number = Date.now): ProgressBar {
  if (terminal.isTTY !== true) return silent;
  let start: number | undefined;
  let series = '';
  return {
    onRung(rung, numRungs) {
      start = undefined;
      series = `size ${rung} of ${numRungs}, `;
    },
    show({ step, numSteps, phase }) {
      if (step > 0) start ??= now();
      const done = Math.max(0, step - 1);
      const filled = Math.round((width * done) / numSteps);
      const secondsLeft = Math.ceil((((now() - (start ?? 0)) / done) * (numSteps - done)) / 1000);
      const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
      const where = step === 0 ? phase : `step ${step} of ${numSteps}, ${phase}`;
      terminal.write(`${startOfLine}${bar} ${series}${where}${done === 0 ? '' : `, ${secondsLeft} s left`}`);
    },
    clear: () => terminal.write(startOfLine),
  };
}
