/** The worked example of docs/xla.md: the kernels that XLA ran, written down with our schedule, hold the bytes that XLA assigned. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { axis, type Dimensions } from '../../../src/ir/shape.js';
import { bufferBytes, type Trace } from '../../../src/memory/trace.js';
import { Schedule } from '../../../src/runtimes/xla/schedule.js';

const sizes: Dimensions = { rows: 10_000, narrow: 256, wide: 512, workspace: 33_554_432 };
const of = (...symbols: readonly string[]) => symbols.map((symbol) => axis(symbol));

/** In the order of the compiled module; a product holds cuBLAS's workspace while it runs. */
function trace(): Trace {
  const schedule = new Schedule();
  const array = (...symbols: readonly string[]) => schedule.buffer(of(...symbols), 4);
  const product = (name: string, reads: readonly number[], writes: readonly number[]) =>
    schedule.run(name, reads, [...writes, schedule.buffer(of('workspace'), 1)]);
  const [copy, a, h, y, g, s, gradient] = [
    array('wide', 'narrow'),
    array('rows', 'wide'),
    array('rows', 'wide'),
    array('rows', 'narrow'),
    array('rows', 'wide'),
    array('rows', 'wide'),
    array('narrow', 'wide'),
  ] as const;
  schedule.run('copy of w2', [], [copy]);
  product('1', [], [a]);
  schedule.run('relu', [a], [h]);
  product('2', [h, copy], [y]);
  product('3', [h, y], []);
  schedule.run('update of w2', [copy]);
  product('4', [y, copy], [g]);
  schedule.run('gradient of relu', [g, a], [s]);
  product('5', [s], [gradient]);
  schedule.run('update of w1', [gradient]);
  return schedule.trace();
}

/** Largest bytes alive while each kernel runs. */
function aliveByKernel({ events, bufferOperation, operations, ...rest }: Trace): ReadonlyMap<string, number> {
  const bytes = bufferBytes({ events, bufferOperation, operations, ...rest }, sizes);
  const alive = new Map<string, number>();
  let live = 0;
  let kernel = '';
  for (const event of events) {
    const buffer = Math.abs(event) - 1;
    live += Math.sign(event) * bytes[buffer]!;
    if (event > 0) kernel = operations[bufferOperation[buffer]!]!;
    alive.set(kernel, Math.max(alive.get(kernel) ?? 0, live));
  }
  return alive;
}

it('the largest moment is XLA’s arena of 85,280,000 bytes less its five tuples of 256', () => {
  const alive = aliveByKernel(trace());
  expect(Math.max(...alive.values())).toBe(85_280_000 - 5 * 256);
});

it('docs/xla.md prints what is alive while each kernel that writes an array runs', () => {
  const page = readFileSync(new URL('../../../docs/xla.md', import.meta.url), 'utf8');
  const printed = new Map(
    [...page.matchAll(/^\| (?:(\d) `?[^|]*|([^|]+?)) \|[^|]*\|[^|]*\| \**([\d.]+)\** \|$/gm)].map(
      ([, number, name, megabytes]) => [number ?? name!, Number(megabytes)] as const,
    ),
  );
  for (const [kernel, bytes] of aliveByKernel(trace())) {
    const name = kernel === 'gradient of relu' ? 'relu’s gradient' : kernel;
    const megabytes = printed.get(name) ?? printed.get(name.replace('’', "'"));
    expect([kernel, megabytes]).toEqual([kernel, Math.round(bytes / 1e5) / 10]);
  }
});
