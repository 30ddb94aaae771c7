/** An exported plan as the files of a directory: one for each stage, and a README with its numbers and what to type between them. */
import { labelOf } from '../../runtimes/traits.js';
import { formatBytes, formatCount } from '../units.js';
import { notEnough, type Stage, samplesPerStep, sizeOf } from './columns.js';
import type { Sweep } from './schema.js';

export interface PlanFile {
  readonly name: string;
  readonly text: string;
}

type ExportedStage = Stage & { readonly exported: NonNullable<Stage['exported']> };

/** The same report gives the same bytes. */
export function planFiles(sweep: Sweep): readonly PlanFile[] {
  const stages = sweep.plan.stages.filter((stage): stage is ExportedStage => stage.exported !== undefined);
  if (stages.length === 0) return [];
  return [
    { name: 'README.md', text: readme(sweep, stages) },
    ...stages.map(({ exported }) => ({ name: exported.file, text: exported.text })),
  ];
}

function readme(sweep: Sweep, stages: readonly ExportedStage[]): string {
  const { plan, device, config, tool, assumptions } = sweep;
  const { codeBase } = stages[0]!.exported;
  const end = notEnough(sweep);
  return [
    `# ${config.model.name} from ${sizeOf(plan.from)} to ${sizeOf(plan.to)} on ${device?.name ?? 'this card'}`,
    `Stages for ${codeBase}, priced as ${codeBase} runs in ${labelOf(config.runtime)}; ${samplesPerStep(sweep)} in each of them.`,
    stageTable(stages),
    ...(end ? [`**${end.head}**${end.rest}.`] : []),
    ...stages.map((stage, index) => stageSection(stage, stages[index - 1], stages[index + 1])),
    list('## What the numbers assume', assumptions),
    `Written by ${tool.name} ${tool.version}. It rewrites its own files while nobody has changed them, and no others.`,
  ]
    .join('\n\n')
    .concat('\n');
}

function stageTable(stages: readonly ExportedStage[]): string {
  const head = [
    'stage',
    'file',
    'parameters',
    'batch × accumulate',
    'precision',
    'recomputed',
    'on the card',
    'at most',
    'spare',
    'FLOPs per sample',
  ];
  const rows = stages.map((stage) => [
    sizeOf(stage),
    `\`${stage.exported.file}\``,
    formatCount(stage.parameters),
    `${stage.batchSize} × ${stage.accumulate}`,
    stage.precision,
    stage.checkpoint.join(' + ') || 'nothing',
    formatBytes(stage.memory.deviceBytes),
    formatBytes(stage.memory.range.highBytes),
    'headroomBytes' in stage.verdict ? formatBytes(stage.verdict.headroomBytes) : '',
    `${stage.relativeCost.toFixed(2)} × the first`,
  ]);
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function stageSection(
  stage: ExportedStage,
  before: ExportedStage | undefined,
  next: ExportedStage | undefined,
): string {
  const { exported, learningRate, checks, command } = stage;
  const start =
    before &&
    (exported.grow
      ? fenced(exported.grow)
      : `${exported.codeBase}’s checkpoints of this network do not grow with \`gc-plan grow\`: it starts from new values.`);
  return [
    `## ${sizeOf(stage)}`,
    ...(start ? [start] : []),
    `Train \`${exported.file}\`: batch ${stage.batchSize}, ${stage.accumulate === 1 ? 'an update after each micro-step' : `an update after every ${stage.accumulate} micro-steps`}.`,
    ...(exported.missing.length > 0 ? [list('The file has no key for:', exported.missing)] : []),
    `Learning rate. ${learningRate}`,
    list(next === undefined ? 'While it trains:' : `Before going on to ${sizeOf(next)}:`, checks),
    `Its memory:\n\n${fenced(command)}`,
  ].join('\n\n');
}

const fenced = (command: string): string => `\`\`\`sh\n${command}\n\`\`\``;

const list = (title: string, items: readonly string[]): string =>
  `${title}\n\n${items.map((item) => `- ${item}`).join('\n')}`;
