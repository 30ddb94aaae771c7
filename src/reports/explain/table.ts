/** What a person reads of `gc-plan explain`: the timeline, then the largest arrays at its peak. */
import { configLine } from '../config-line.js';
import type { Layout } from '../formats.js';
import { subject } from '../subject.js';
import { type Block, columns, list, page, paragraph, styleOf, wrapped } from '../terminal/blocks.js';
import { formatBytes } from '../units.js';
import type { Explanation } from './schema.js';
import { layersOf, listedArrays, phaseName } from './stack.js';
import { drawTimeline, legend } from './timeline.js';

export function renderExplanation(explanation: Explanation, layout: Layout): string {
  const style = styleOf(layout);
  const { peak, groups, phases, operations } = explanation;
  const layers = layersOf(explanation);
  const [listed, share] = listedArrays(explanation);
  return page([
    [
      ...paragraph(subject(explanation.config, layout.columns), layout).map((line) => style.dim(line)),
      ...paragraph(
        `${style.bold(`peak ${formatBytes(peak.liveBytes)} live`)} in ${phaseName({ ...operations[peak.at]! })}, at ${peak.operation}`,
        layout,
      ),
      ...paragraph(configLine(explanation), layout).map((line) => style.dim(line)),
    ],
    [
      style.bold(`Live bytes through one step, by ${explanation.by}`),
      ...drawTimeline(explanation, layers, { columns: layout.columns, style }),
    ],
    columns(style.bold('At the peak'), legend(explanation, layers, style), '<<>'),
    columns(
      style.bold('Phases'),
      phases.map((phase) => [
        phaseName(phase),
        `${phase.lastOperation - phase.firstOperation + 1} operations`,
        formatBytes(phase.peakLiveBytes),
      ]),
      '<>>',
    ),
    [
      style.bold(`The largest: ${listed} at the peak, ${share} of it`),
      ...groups.flatMap((group) => arrays(group, layout)),
    ],
    list(style.bold('Assumptions'), explanation.assumptions, layout),
  ]);
}

function arrays(
  { count, bytes, totalBytes, shape, dtype, category, why, madeBy, freedBy }: Explanation['groups'][number],
  { columns }: Layout,
): Block {
  const many = count === 1 ? '' : `${count} × ${formatBytes(bytes)}  `;
  const kept = freedBy === null ? 'outlives the step' : `gone after ${freedBy}`;
  return wrapped(
    [
      [formatBytes(totalBytes), `${many}${shape} ${dtype}, ${category}: ${why}`],
      ['', `made by ${madeBy}; ${kept}`],
    ],
    [11, columns - 14],
  );
}
