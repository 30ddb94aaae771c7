/** `gc-plan init`: a plan file for the card of this machine, each of its configurations already known to fit or not. */
import { existsSync } from 'node:fs';
import { cardNamed } from '../config/cards.js';
import { shown } from '../config/nearest.js';
import { InputError } from '../errors.js';
import type { Init } from '../reports/init/schema.js';
import { estimateCommand } from '../search/command-line.js';
import { tool } from '../version.js';
import { estimate } from './estimate.js';
import { writeAtomically } from './write.js';

export interface InitInput {
  readonly gpu?: string | undefined;
  readonly file?: string | undefined;
  readonly force?: boolean;
}

/** From the small start of a progressive plan to the published model. */
const starts = [
  { name: 'start', model: 'graphcast-small', flags: { 'hidden-dim': '256', layers: '8' } },
  { name: 'small', model: 'graphcast-small', flags: {} },
  { name: 'full-resolution', model: 'graphcast-operational', flags: {} },
] as const;

export async function init({ gpu: typed, file = 'gc-plan.yaml', force = false }: InitInput): Promise<Init> {
  const gpu = cardNamed(typed ?? 'auto');
  if (existsSync(file) && !force)
    throw new InputError('file-exists', `${shown(file)}: is there already.`, [
      'gc-plan init --file NAME writes another one',
      'gc-plan init --force replaces it',
    ]);
  const configurations = await Promise.all(
    starts.map(async ({ name, model, flags }) => {
      const { verdict } = await estimate({ model, flags: { ...flags, gpu } });
      return { name, model, flags, command: estimateCommand(model, { ...flags, gpu }), verdict: verdict.kind };
    }),
  );
  const fitting = configurations.filter(({ verdict }) => verdict === 'fits');
  const kept = fitting.length > 0 ? fitting : configurations.slice(0, 1);
  writeAtomically(file, planText(gpu, kept), '--file');
  return {
    schema: 'gc-plan/init@1',
    tool: tool(),
    file,
    gpu,
    foundBy: typed === undefined || typed === 'auto' ? 'nvidia-smi' : 'flag',
    configurations: kept.map(({ name, command, verdict }) => ({ name, command, verdict })),
    nextSteps: [`gc-plan check ${shown(file)} --update-baseline`, `gc-plan check ${shown(file)}`],
  };
}

function planText(
  gpu: string,
  entries: readonly { name: string; model: string; flags: Record<string, string> }[],
): string {
  return [
    '# What gc-plan check estimates. Every key but model and budget is a flag of gc-plan estimate, without its dashes.',
    'max-growth: 2%',
    'defaults:',
    `  gpu: ${gpu}`,
    'configurations:',
    ...entries.flatMap(({ name, model, flags }) => [
      `  ${name}:`,
      `    model: ${model}`,
      ...Object.entries(flags).map(([key, value]) => `    ${key}: ${value}`),
    ]),
    '',
  ].join('\n');
}
