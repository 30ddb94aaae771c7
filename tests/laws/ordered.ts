/** What holds in every report, whatever was asked. */

/** `expect` is too slow for every number of every report. */
function must(holds: boolean, law: string, where: unknown): void {
  if (!holds) throw new Error(`broken: ${law}: ${JSON.stringify(where)}`);
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Differences: what a change saves, how far a number is off, how much a configuration grew. Every other number counts something. */
const differences = /(^|\.)(savedBytes|addedBytes|moduleGrownBytes|percent|errorPercent|errorsPercent\.\w+)$/;
/** −1: a window without end. */
const ownValue = /\.own\.\w+$/;
const parts = ['parameterBytes', 'gradientBytes', 'optimizerBytes', 'activationBytes', 'temporaryBytes', 'inputBytes'];

/**
 * All numbers are finite, and none is negative that is no difference; live ≤ allocated ≤ reserved ≤ device, ranges in order and around
 * their number, partitions exact, verdicts what range and card say.
 */
export function ordered(value: unknown, path = ''): void {
  if (typeof value === 'number') {
    must(Number.isFinite(value), 'a number is finite', path);
    if (!differences.test(path) && !ownValue.test(path)) must(value >= 0, 'a size is not negative', `${path} ${value}`);
  }
  if (!isObject(value)) return;
  if (!Array.isArray(value)) for (const law of laws) law(value, path);
  for (const [key, part] of Object.entries(value)) ordered(part, `${path}.${key}`);
}

const laws: readonly ((value: Fields, path: string) => void)[] = [
  chained,
  partitioned,
  judged,
  advised,
  searched,
  solved,
  explained,
  checked,
];

function chained(value: Fields, path: string): void {
  const { peakLiveBytes, peakAllocatedBytes, peakReservedBytes, deviceBytes, lowBytes, highBytes } = value as Readonly<
    Record<string, number>
  >;
  const chain = [peakLiveBytes, peakAllocatedBytes, peakReservedBytes, deviceBytes].filter(
    (each) => each !== undefined,
  );
  for (const [i, each] of chain.entries())
    must(i === 0 || chain[i - 1]! <= each, 'live ≤ allocated ≤ reserved ≤ device', { path, chain });
  if (lowBytes !== undefined && highBytes !== undefined)
    must(lowBytes <= highBytes, 'a range is in order', { path, lowBytes, highBytes });
  // A fix also says how many records lie in their range.
  if (isObject(value.range) && value.range.lowBytes !== undefined && deviceBytes !== undefined)
    must(
      (value.range.lowBytes as number) <= deviceBytes && deviceBytes <= (value.range.highBytes as number),
      'the range holds the number',
      { path, range: value.range, deviceBytes },
    );
}

interface Parts {
  readonly byModule?: readonly { readonly bytes: number; readonly count?: number }[];
  readonly phases?: readonly { readonly peakLiveBytes: number }[];
}

function partitioned(value: Fields, path: string): void {
  const { peakLiveBytes, byModule, phases, count, bytes } = value as Parts & Readonly<Record<string, number>>;
  if (Array.isArray(byModule) && count !== undefined) {
    must(sum(byModule.map((each) => each.count!)) === count, 'networks sum to the parameters', { path, count });
    must(sum(byModule.map((each) => each.bytes)) === bytes, 'networks sum to the parameters’ bytes', { path, bytes });
  }
  if (peakLiveBytes === undefined) return;
  if (parts.every((part) => typeof value[part] === 'number')) {
    const total = sum(parts.map((part) => value[part] as number));
    must(total === peakLiveBytes, 'categories sum to the peak', { path, total, peakLiveBytes });
  }
  if (Array.isArray(byModule)) {
    const total = sum(byModule.map((each) => each.bytes));
    must(total === peakLiveBytes, 'modules sum to the peak', { path, total, peakLiveBytes });
  }
  if (Array.isArray(phases) && phases.length > 0) {
    const most = Math.max(...phases.map((each) => each.peakLiveBytes));
    must(most === peakLiveBytes, 'the peak lies in a phase', { path, most, peakLiveBytes });
  }
}

interface Judged {
  readonly memory: {
    readonly deviceBytes: number;
    readonly range: { readonly lowBytes: number; readonly highBytes: number };
  };
  readonly verdict: {
    readonly kind: string;
    readonly nominalBytes: number;
    readonly usableBytes: number;
    readonly headroomBytes?: number;
    readonly shortfallBytes?: number;
  };
  readonly config?: { readonly device: unknown };
}

/** Wherever a report has memory and a verdict beside each other. */
function judged(value: Fields, path: string): void {
  if (!isObject(value.memory) || !isObject(value.verdict) || value.memory.range === undefined) return;
  const { memory, verdict, config } = value as unknown as Judged;
  const { kind, nominalBytes, usableBytes, headroomBytes, shortfallBytes } = verdict;
  const where = { path, verdict, range: memory.range, deviceBytes: memory.deviceBytes };
  if (config !== undefined)
    must((config.device === null) === (kind === 'unknown'), 'a verdict is given where a card is', where);
  if (kind === 'unknown') return;
  must(usableBytes <= nominalBytes, 'no more is usable than the card has', where);
  const headroom = usableBytes - memory.range.highBytes;
  if (kind === 'fits') must(headroomBytes === headroom, 'headroom is what the upper end leaves', where);
  else must(shortfallBytes === -headroom, 'the shortfall is what the upper end lacks', where);
  must(headroom >= 0 === (kind === 'fits'), 'fits says that the upper end goes in', where);
  if (kind === 'exceeds') must(memory.deviceBytes > usableBytes, 'exceeds says that the number does not go in', where);
}

interface Verdicts {
  readonly verdict: { readonly kind: string };
}
const kindOf = (value: unknown): string | undefined =>
  value === undefined ? undefined : (value as Verdicts).verdict.kind;

function advised(value: Fields, path: string): void {
  if (value.schema !== 'gc-plan/advise@1') return;
  const { cheapest, severalGpus, verdict } = value as Fields & Verdicts;
  for (const way of [cheapest, severalGpus])
    if (way !== undefined) must(['fits', 'tight'].includes(kindOf(way)!), 'what is advised fits', { path, way });
  if (verdict.kind === 'fits')
    must(cheapest === undefined && severalGpus === undefined, 'what fits needs no way out', path);
}

interface Search {
  readonly candidates: Readonly<Record<'total' | 'fits' | 'tight' | 'exceeds', number>>;
  readonly pareto: readonly unknown[];
  readonly frontSize: number;
  readonly plan: { readonly stages: readonly unknown[] };
}

function searched(value: Fields, path: string): void {
  if (value.schema !== 'gc-plan/sweep@1') return;
  const { candidates, pareto, frontSize, plan } = value as unknown as Search;
  const { total, fits, tight, exceeds } = candidates;
  must(total === fits + tight + exceeds, 'every candidate has a verdict', { path, candidates });
  must(pareto.length <= frontSize && frontSize <= total, 'the front is part of the candidates', { path, frontSize });
  for (const stage of plan.stages) must(kindOf(stage) === 'fits', 'a stage fits', { path, stage });
}

function solved({ schema, best, next }: Fields, path: string): void {
  if (schema !== 'gc-plan/solve@1') return;
  must(best === undefined || kindOf(best) !== 'exceeds', 'the best value fits', { path, best });
  must(next === undefined || kindOf(next) !== 'fits', 'the next value does not', { path, next });
}

interface Explained {
  readonly peak: { readonly liveBytes: number };
  readonly operations: readonly {
    readonly liveBytes: number;
    readonly byCategory: readonly number[];
    readonly byModule: readonly number[];
  }[];
  readonly largest: readonly {
    readonly bytes: number;
    readonly madeAt: number | null;
    readonly freedAt: number | null;
  }[];
}

function explained(value: Fields, path: string): void {
  if (value.schema !== 'gc-plan/explain@1') return;
  const { peak, operations, largest } = value as unknown as Explained;
  for (const [i, { liveBytes, byCategory, byModule }] of operations.entries()) {
    const where = { path, i, liveBytes, byCategory, byModule };
    must(liveBytes <= peak.liveBytes, 'no operation is above the peak', where);
    must(sum(byCategory) === liveBytes && sum(byModule) === liveBytes, 'the stacks sum to what is alive', where);
  }
  must(sum(largest.map(({ bytes }) => bytes)) <= peak.liveBytes, 'the largest arrays are part of the peak', path);
  for (const [i, { bytes, madeAt, freedAt }] of largest.entries()) {
    must(i === 0 || bytes <= largest[i - 1]!.bytes, 'the largest array comes first', { path, i });
    must(freedAt === null || (madeAt ?? 0) <= freedAt, 'an array is made before it is freed', { path, i });
  }
}

function checked(value: Fields, path: string): void {
  if (value.schema !== 'gc-plan/check@1') return;
  const { entries, numFailed, passed } = value as unknown as {
    readonly entries: readonly { readonly findings: readonly unknown[] }[];
    readonly numFailed: number;
    readonly passed: boolean;
  };
  const failed = entries.filter(({ findings }) => findings.length > 0).length;
  must(failed === numFailed && passed === (failed === 0), 'a plan fails where one of its entries does', {
    path,
    failed,
  });
}
