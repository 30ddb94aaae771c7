/** One line on a terminal's stderr: step, phase, and how long the rest will take at the pace so far. */
import type { FromWorker } from './protocol.js';

interface Terminal {
  write(text: string): void;
  readonly isTTY?: boolean | undefined;
}

export interface ProgressBar {
  readonly show: (progress: Extract<FromWorker, { kind: 'progress' }>) => void;
  readonly clear: () => void;
}

const width = 24;
/** Carriage return, erase to the end of the line. */
const startOfLine = '\r\u001b[K';

export function progressBar(terminal: Terminal, numSteps: number, now: () => number = Date.now): ProgressBar {
  if (terminal.isTTY !== true) return { show: () => {}, clear: () => {} };
  let firstStepStart: number | undefined;
  return {
    show({ step, phase }) {
      if (step > 0) firstStepStart ??= now();
      const done = Math.max(0, step - 1);
      const filled = Math.round((width * done) / numSteps);
      const secondsLeft =
        done === 0 || firstStepStart === undefined
          ? undefined
          : Math.ceil((((now() - firstStepStart) / done) * (numSteps - done)) / 1000);
      const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
      const where = step === 0 ? phase : `step ${step} of ${numSteps}, ${phase}`;
      terminal.write(`${startOfLine}${bar} ${where}${secondsLeft === undefined ? '' : `, ${secondsLeft} s left`}`);
    },
    clear: () => terminal.write(startOfLine),
  };
}
