import { describe, expect, it } from 'vitest';
import { constant } from '../../../src/ir/shape.js';
import type { Buffer, Kernel } from '../../../src/runtimes/xla/kernel.js';
import { inOrder } from '../../../src/runtimes/xla/kernel-order.js';
import { hideLatency, type Timed } from '../../../src/runtimes/xla/latency-hiding.js';

describe('latency hiding', () => {
  const kernel = (after: readonly number[], cost: number): Timed => ({ after, cost, latency: 1 });
  const element = (of: number): Timed => ({ after: [of], cost: 0, latency: 1, isNop: true });

  it('waits for no element of a tuple: what fills the wait for its maker best comes before', () => {
    const [maker, ofMaker, reader, long, short, end] = [0, 1, 2, 3, 4, 5];
    const kernels = [kernel([], 1), element(maker), kernel([ofMaker], 0.1), kernel([], 0.9), kernel([], 0.1)];
    expect(hideLatency([...kernels, kernel([reader, long, short], 2)])).toEqual([
      maker,
      short,
      long,
      ofMaker,
      reader,
      end,
    ]);
  });

  it('takes last what reads the longer one of two collectives: they run in turn, and that one ends last', () => {
    const collective = (latency: number, at: number): Timed[] => [
      { ...kernel([], 1), collective: 'start' },
      { after: [at], cost: 1, latency, collective: 'end' },
      kernel([at + 1], 0.1),
    ];
    const ends = (first: Timed[], second: Timed[]) =>
      hideLatency([...first, ...second, kernel([2, 5], 1)]).filter((index) => index === 1 || index === 4);
    expect(ends(collective(5, 0), collective(9, 3))).toEqual([1, 4]);
    expect(ends(collective(9, 0), collective(5, 3))).toEqual([4, 1]);
  });

  it('waits for a barrier and for its tuple: sums run after each, as in the log of a compiled step with its layers recomputed', () => {
    const [maker, tuple, barrier, ofParameter, cast, sum, otherSum, end] = [0, 1, 2, 3, 4, 5, 6, 7];
    const kernels = [
      kernel([], 1),
      kernel([maker], 0),
      kernel([tuple], 0),
      element(barrier),
      kernel([ofParameter], 0.088),
    ];
    const sums = [kernel([], 13.68), kernel([], 13.68)];
    expect(hideLatency([...kernels, ...sums, kernel([cast, sum, otherSum], 1)])).toEqual([
      maker,
      tuple,
      sum,
      barrier,
      otherSum,
      ofParameter,
      cast,
      end,
    ]);
  });
});

describe('the order in which kernels hide an all-reduce', () => {
  const names = {
    gradient: 0,
    tuple: 1,
    behind: 2,
    parameter: 3,
    activation: 4,
    unread: 5,
    sum: 6,
    earlier: 7,
  } as const;
  const buffers = Object.keys(names).map(
    (): Buffer => ({ shape: [constant(2_500_000)], elementBytes: 4, category: 'temporary', origin: 'device' }),
  );
  const kernel = (
    name: string,
    reads: readonly number[],
    writes: readonly number[],
    kind?: Kernel['kind'],
  ): Kernel => ({
    name,
    place: { phase: 'backward', module: 'mesh', recompute: false },
    reads,
    writes,
    ...(kind && { kind }),
  });
  const { gradient, tuple, behind, parameter, activation, unread, sum, earlier } = names;
  const written = [
    kernel('gradient before', [], [earlier]),
    kernel('gradient', [earlier], [gradient]),
    kernel('all that is read', [gradient], [tuple], 'tuple'),
    kernel('barrier', [gradient, tuple], [behind, parameter], 'barrier'),
    kernel('recompute', [parameter], [activation]),
    kernel('what nothing reads', [activation], [unread]),
    kernel('sum', [behind, activation], [sum]),
    kernel('all-reduce', [sum], [], 'start'),
    kernel('end of the all-reduce', [sum], [sum], 'end'),
  ];
  const arrays = { buffers, bytesOf: buffers.map(() => 10_000_000), sizes: { one: 1, batch: 1 } };

  it('keeps what is recomputed behind the gradients that come in, without barriers and what nothing reads', () => {
    const order = inOrder(written, new Set([sum]), arrays, { pads: false, hidesLatency: true });
    expect(order.map(({ name }) => name)).toEqual([
      'gradient before',
      'gradient',
      'recompute',
      'sum',
      'all-reduce',
      'end of the all-reduce',
    ]);
    expect(order.find(({ name }) => name === 'sum')!.reads).toEqual([gradient, activation]);
  });
});
