/** A bar on a terminal's stderr; nothing elsewhere. */
import type { Io } from './io.js';

export interface Progress {
  readonly update: ((done: number, total: number) => void) | undefined;
  readonly stop: () => void;
}

/** Shorter work than this needs no bar. */
const patienceMs = 500;

export async function progressBar({ stderr }: Io, unit: string): Promise<Progress> {
  if (stderr.isTTY !== true) return { update: undefined, stop: () => {} };
  const { SingleBar, Presets } = await import('cli-progress');
  const bar = new SingleBar(
    {
      stream: stderr as NodeJS.WriteStream,
      clearOnComplete: true,
      etaBuffer: 50,
      format: `{bar} {percentage} % of {total} ${unit}, {eta_formatted} left`,
    },
    Presets.shades_classic,
  );
  const begin = performance.now();
  return {
    update: (done, total) => {
      if (bar.isActive) bar.update(done);
      else if (performance.now() - begin > patienceMs) bar.start(total, done);
    },
    stop: () => bar.stop(),
  };
}
