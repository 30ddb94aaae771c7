/** An estimate's totals, what each of them counts, and the range. Apart from `numbers.ts`: the page's own script does without the engine. */
import { runtimeTraits } from '../../runtimes/traits.js';
import { formatBytes, inUnit, unitOf } from '../units.js';
import { decides } from './numbers.js';
import type { AnyEstimate, Estimate } from './schema.js';

export function totals({
  memory,
  verdict,
  onCard,
  accuracy: { checked },
  config,
}: AnyEstimate): readonly (readonly string[])[] {
  const { lowBytes, highBytes } = memory.range;
  const unit = unitOf(memory.deviceBytes);
  const row = (name: string, bytes: number | undefined, meaning: string) =>
    bytes === undefined ? [] : [[name, `${inUnit(bytes, unit)} ${unit.name}`, meaning]];
  return [
    ...row('live', memory.peakLiveBytes, 'arrays alive'),
    ...row('allocated', memory.peakAllocatedBytes, allocatedText(config)),
    ...row('reserved', memory.peakReservedBytes, 'what the allocator holds'),
    ...row('least', memory.minCapacityBytes, 'the smallest pool in which it still runs'),
    ...row('on the card', memory.deviceBytes, 'with context and libraries (nvidia-smi)'),
    ...row('preallocated', memory.preallocatedBytes, 'what JAX takes by default'),
    [
      'range',
      `${inUnit(lowBytes, unit)} to ${inUnit(highBytes, unit)} ${unit.name}`,
      [rangeSource(config, checked), decides(verdict, memory)].filter(Boolean).join(': '),
    ],
    ...('usableBytes' in verdict ? [['usable', formatBytes(verdict.usableBytes), onCard?.usable ?? '']] : []),
    ...remat(memory),
  ];
}

/** With what else lies there, where that has a name. */
function allocatedText({ runtime }: AnyEstimate['config']): string {
  const beside = runtimeTraits[runtime].besideArrays?.({});
  return `${beside === undefined ? '' : `with ${beside}, `}as the allocator counts them`;
}

function rangeSource(config: AnyEstimate['config'], checked: boolean): string {
  if ('trace' in config && config.trace.compiledFor !== undefined) return 'over the kernels that were compiled';
  return checked ? 'from measured errors' : 'from other models’ errors';
}

function remat({ xlaRemat }: Estimate['memory']): readonly (readonly string[])[] {
  if (xlaRemat === undefined) return [];
  const meaning = {
    notNeeded: 'XLA’s limit; it recomputes nothing',
    succeeds: 'XLA’s limit; recomputing was seen to succeed',
    fails: 'XLA’s limit; recomputing was seen to fail',
    uncertain: 'XLA’s limit; recomputing succeeds at times',
  }[xlaRemat.kind];
  return [['XLA remat', formatBytes(xlaRemat.limitBytes), meaning]];
}
