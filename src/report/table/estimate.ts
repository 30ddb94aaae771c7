/** What a person reads: the answer first, then where the memory goes, then how far to trust it. */
import type { ChalkInstance } from 'chalk';
import { configLine } from '../config-line.js';
import type { Layout } from '../formats.js';
import type { Estimate } from '../schemas/estimate.js';
import { formatBytes, formatBytesPair, formatCount, formatFlops, formatPercent, inUnit, unitOf } from '../units.js';
import { type Block, columns, flow, list, page, paragraph, styleOf } from './blocks.js';

export function renderEstimate(estimate: Estimate, layout: Layout): string {
  const style = styleOf(layout);
  const heading = (text: string) => style.bold(text);
  const {
    memory,
    config: { recipe },
  } = estimate;
  return page([
    [
      ...paragraph(verdictLine(estimate, style), layout),
      ...paragraph(configLine(estimate), layout).map((line) => style.dim(line)),
      ...smallestChange(estimate).flatMap((line) => paragraph(line, layout)),
    ],
    columns(heading(recipe.mode === 'train' ? 'One training step' : 'One forward pass'), totals(estimate), '<><'),
    flow(
      [
        shares(heading('By category'), categories(memory), memory.peakLiveBytes),
        shares(
          heading('By module'),
          memory.byModule.map(({ module, bytes }) => [module, bytes]),
          memory.peakLiveBytes,
        ),
        shares(
          heading('By phase (its peak)'),
          memory.phases.map(({ phase, peakLiveBytes }) => [phase, peakLiveBytes]),
          memory.peakLiveBytes,
        ),
      ],
      layout,
    ),
    paragraph(`${heading('Peak')}  in ${estimate.peak.phase}, at ${estimate.peak.operation}`, layout),
    columns(heading('Model'), model(estimate), '<<'),
    list(heading('Assumptions'), estimate.assumptions, layout),
    list(heading('Accuracy'), [accuracy(estimate)], layout),
  ]);
}

function verdictLine({ verdict, config, memory }: Estimate, style: ChalkInstance): string {
  const { lowBytes, highBytes } = memory.range;
  const card = config.device?.name ?? '';
  switch (verdict.kind) {
    case 'fits':
      return `${style.green.bold(`fits on ${card}`)}: ${formatBytesPair(highBytes, verdict.usableBytes, 'of')} usable, ${formatBytes(verdict.headroomBytes)} to spare`;
    case 'tight':
      return `${style.yellow.bold(`tight on ${card}`)}: ${formatBytesPair(lowBytes, highBytes, 'to')} needed, ${formatBytes(verdict.usableBytes)} usable`;
    case 'exceeds':
      return `${style.red.bold(`does not fit on ${card}`)}: ${formatBytes(highBytes)} needed, ${formatBytes(verdict.usableBytes)} usable, ${formatBytes(verdict.shortfallBytes)} short`;
    case 'unknown':
      return `${style.bold(`needs ${formatBytes(highBytes)}`)}; --gpu NAME or --vram SIZE says whether that fits`;
  }
}

const smallestChange = ({ verdict }: Estimate): Block =>
  'smallestChange' in verdict && verdict.smallestChange !== undefined
    ? [
        `smallest change that fits: ${verdict.smallestChange.change} (${formatBytes(verdict.smallestChange.deviceBytes)})`,
      ]
    : [];

function totals({ memory }: Estimate): readonly (readonly string[])[] {
  const { lowBytes, highBytes } = memory.range;
  const unit = unitOf(memory.deviceBytes);
  const row = (name: string, bytes: number | undefined, meaning: string) =>
    bytes === undefined ? [] : [[name, `${inUnit(bytes, unit)} ${unit.name}`, meaning]];
  return [
    ...row('live', memory.peakLiveBytes, 'arrays alive'),
    ...row('allocated', memory.peakAllocatedBytes, 'as the allocator counts them'),
    ...row('reserved', memory.peakReservedBytes, 'what the allocator holds'),
    ...row('least', memory.minCapacityBytes, 'the smallest pool in which it still runs'),
    ...row('on the card', memory.deviceBytes, 'with context and libraries (nvidia-smi)'),
    ...row('preallocated', memory.preallocatedBytes, 'what JAX takes by default'),
    ['range', formatBytesPair(lowBytes, highBytes, 'to'), 'on the card, from measured errors'],
    ...remat(memory),
  ];
}

function remat({ xlaRemat }: Estimate['memory']): readonly (readonly string[])[] {
  if (xlaRemat === undefined) return [];
  const meaning = {
    notNeeded: 'XLA’s limit; it recomputes nothing',
    succeeds: 'XLA’s limit; it recomputes to stay below, known to succeed',
    fails: 'XLA’s limit; it recomputes to stay below, known to fail',
    uncertain: 'XLA’s limit; it recomputes to stay below, not known to succeed',
  }[xlaRemat.kind];
  return [['XLA remat', formatBytes(xlaRemat.limitBytes), meaning]];
}

const categories = (memory: Estimate['memory']) =>
  [
    ['parameters', memory.parameterBytes],
    ['gradients', memory.gradientBytes],
    ['optimizer', memory.optimizerBytes],
    ['inputs', memory.inputBytes],
    ['activations', memory.activationBytes],
    ['temporary', memory.temporaryBytes],
  ] as const;

function shares(title: string, parts: readonly (readonly [string, number])[], wholeBytes: number): Block {
  const unit = unitOf(wholeBytes);
  const rows = parts.map(([name, bytes]) => [
    name,
    `${inUnit(bytes, unit)} ${unit.name}`,
    formatPercent(bytes, wholeBytes),
  ]);
  return columns(title, rows, '<>>');
}

function model({ parameters, counts, cost }: Estimate): readonly (readonly string[])[] {
  const count = formatCount;
  return [
    ['parameters', `${count(parameters.count)} (${formatBytes(parameters.bytes)})`],
    ['nodes', `${count(counts.gridNodes)} grid, ${count(counts.meshNodes)} mesh`],
    [
      'edges',
      `${count(counts.grid2meshEdges)} grid2mesh, ${count(counts.meshEdges)} mesh, ${count(counts.mesh2gridEdges)} mesh2grid`,
    ],
    [
      'work',
      `${formatFlops(cost.trainFlops)} per training step, ${formatPercent(cost.recomputeFraction, 1)} of it recomputed`,
    ],
  ];
}

function accuracy({
  accuracy: { runtime, cases, medianErrorPercent, p95ErrorPercent, worstUnderPercent, source },
}: Estimate): string {
  return `${runtime}, ${formatCount(cases)} cases: median error ${medianErrorPercent} %, 95th percentile ${p95ErrorPercent} %, worst under-prediction ${worstUnderPercent} % (${source})`;
}
