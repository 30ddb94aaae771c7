/**
 * ZeRO (Rajbhandari et al. 2020, arXiv 1910.02054): what data parallelism holds on every rank is divided over the ranks. Stage 1:
 * the optimizer's state; 2: the gradients too, each reduced and given away when its network's backward pass has run; 3: the
 * parameters too, gathered network by network while they are needed, two at a time (FSDP prefetches the next one).
 * Not used from the paper: its mixed precision, which holds 16-bit parameters beside fp32 master copies (ours: see `Precision`), and
 * its partitioned activations. The paper's formulas leave out what is in flight, the gathered networks, and stage 1's buckets.
 */
import { constant, type Dimensions, numElements } from '../ir/shape.js';
import { allocate, type Buffer, free, type TraceEvent } from './trace-events.js';

export interface Sharding {
  readonly rank: number;
  readonly numRanks: number;
  readonly dimensions: Dimensions;
}

const elementsOf = ({ layout }: Buffer, dimensions: Dimensions): number => numElements(layout.shape, dimensions);

/** One flat buffer per element size: this rank's share of all of them. */
function flatShares(
  buffers: readonly Buffer[],
  name: string,
  { rank, numRanks, dimensions }: Sharding,
): readonly Buffer[] {
  const totals = new Map<number, { elements: number; like: Buffer }>();
  for (const buffer of buffers) {
    const { elementBytes } = buffer.layout;
    const known = totals.get(elementBytes);
    totals.set(elementBytes, {
      elements: (known?.elements ?? 0) + elementsOf(buffer, dimensions),
      like: known?.like ?? buffer,
    });
  }
  return [...totals.values()]
    .map(({ elements, like }) => ({ elements: shareOf(elements, rank, numRanks), like }))
    .filter(({ elements }) => elements > 0)
    .map(({ elements, like }) => ({
      ...like,
      operation: name,
      block: '',
      layout: { ...like.layout, shape: [constant(elements)] },
    }));
}

/** In place of every buffer chosen: flat shares, allocated with the first and freed with the last of them. */
function replaced(
  events: readonly TraceEvent[],
  chosen: ReadonlySet<Buffer>,
  name: string,
  sharding: Sharding,
): readonly TraceEvent[] {
  const shares = flatShares([...chosen], name, sharding);
  const isChosen = (event: TraceEvent) => 'buffer' in event && chosen.has(event.buffer);
  const first = events.findIndex(isChosen);
  const last = events.findLastIndex((event) => event.kind === 'free' && isChosen(event));
  return events.flatMap((event, index) => [
    ...(index === first ? shares.map(allocate) : []),
    ...(index === last ? shares.map(free) : []),
    ...(isChosen(event) ? [] : [event]),
  ]);
}

/** Maximal runs of events between marks of one phase, by where they start. */
function spansOf(events: readonly TraceEvent[], phase: 'optimizer'): readonly (readonly [number, number])[] {
  const starts = events.flatMap((event, index) => (event.kind === 'mark' ? [index] : []));
  return starts.flatMap((start, i) => {
    const event = events[start]!;
    return event.kind === 'mark' && event.phase === phase ? [[start, starts[i + 1] ?? events.length] as const] : [];
  });
}

/** Stage 1: state, and the lists that a foreach optimizer makes of its part. */
export function shardOptimizer(events: readonly TraceEvent[], sharding: Sharding): readonly TraceEvent[] {
  const state = new Set<Buffer>();
  for (const event of events)
    if (event.kind === 'allocate' && event.buffer.category === 'optimizer') state.add(event.buffer);
  let sharded = replaced(events, state, 'optimizer state', sharding);
  for (const index of spansOf(sharded, 'optimizer').keys()) {
    const [start, end] = spansOf(sharded, 'optimizer')[index]!;
    const lists = new Set<Buffer>();
    for (const event of sharded.slice(start, end))
      if (event.kind === 'allocate' && event.buffer.category === 'temporary') lists.add(event.buffer);
    if (lists.size > 0) sharded = replaced(sharded, lists, 'optimizer step', sharding);
  }
  return sharded;
}

/** Stage 2: a network's gradients live until its last one has come; the rank keeps its share of all of them. */
export function shardGradients(events: readonly TraceEvent[], sharding: Sharding): readonly TraceEvent[] {
  let rest = events;
  const shares = new Set<Buffer>();
  for (;;) {
    const gradients = nextGradients(rest, shares);
    if (gradients.length === 0) return rest;
    const ownShares = flatShares(gradients, 'gradient share', sharding);
    for (const share of ownShares) shares.add(share);
    rest = withSharedGradients(rest, gradients, ownShares);
  }
}

/** The gradients of the first step that still has whole ones. */
function nextGradients(events: readonly TraceEvent[], shares: ReadonlySet<Buffer>): readonly Buffer[] {
  const found: Buffer[] = [];
  let inBackward = false;
  for (const event of events) {
    if (event.kind === 'mark' && event.phase === 'backward') inBackward = true;
    if (event.kind === 'mark' && event.phase === 'optimizer' && found.length > 0) return found;
    if (!inBackward || event.kind !== 'allocate') continue;
    if (event.buffer.category === 'gradient' && !shares.has(event.buffer)) found.push(event.buffer);
  }
  return found;
}

/** The gradients of one block, whole, are in flight together. */
function withSharedGradients(
  events: readonly TraceEvent[],
  gradients: readonly Buffer[],
  shares: readonly Buffer[],
): readonly TraceEvent[] {
  const whole = new Map(gradients.map((buffer) => [buffer, { ...buffer, category: 'temporary' } satisfies Buffer]));
  const first = gradients[0]!;
  let inFlight: Buffer[] = [];
  let sharesFreed = false;
  const edited: TraceEvent[] = [];
  const land = () => {
    edited.push(...inFlight.map(free));
    inFlight = [];
  };
  for (const event of events) {
    if (event.kind === 'mark') land();
    if (event.kind === 'mark' || event.kind === 'lastStep' || !whole.has(event.buffer)) {
      edited.push(event);
      continue;
    }
    const { buffer } = event;
    if (event.kind === 'allocate') {
      if (buffer === first) edited.push(...shares.map(allocate));
      if (inFlight[0] && inFlight[0].block !== buffer.block) land();
      edited.push(allocate(whole.get(buffer)!));
      inFlight.push(whole.get(buffer)!);
    } else if (!sharesFreed) {
      edited.push(...shares.map(free));
      sharesFreed = true;
    }
  }
  return edited;
}

/** Stage 3: `largestNetworks`: elements of the two largest networks, gathered at a time from the forward pass to the optimizer. */
export function shardParameters(
  events: readonly TraceEvent[],
  sharding: Sharding,
  largestNetworks: readonly number[],
): readonly TraceEvent[] {
  const parameters = new Set<Buffer>();
  for (const event of events)
    if (event.kind === 'allocate' && event.buffer.category === 'parameter') parameters.add(event.buffer);
  const [like] = parameters;
  if (like === undefined) return events;
  const edited: TraceEvent[] = [];
  let gathered: Buffer[] = [];
  const scatter = () => {
    edited.push(...gathered.map(free));
    gathered = [];
  };
  for (const event of replaced(events, parameters, 'parameter share', sharding)) {
    const isMark = event.kind === 'mark';
    if (isMark && (event.phase === 'optimizer' || event.phase === 'setup')) scatter();
    edited.push(event);
    if (!isMark || (event.phase !== 'forward' && event.phase !== 'validation') || gathered.length > 0) continue;
    gathered = largestNetworks.map((elements) => ({
      ...like,
      category: 'temporary',
      module: 'other',
      operation: 'gathered network',
      block: '',
      layout: { ...like.layout, shape: [constant(elements)] },
    }));
    edited.push(...gathered.map(allocate));
  }
  scatter();
  return edited;
}

/** Of a number of elements: as even as it goes, the first ranks one more: the shares of all ranks add up to the whole exactly. */
export const shareOf = (elements: number, rank: number, numRanks: number): number =>
  Math.floor((elements + numRanks - 1 - rank) / numRanks);
