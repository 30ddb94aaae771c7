import type { Layout } from '../formats.js';
import { columns, list, page, paragraph, styleOf } from '../terminal/blocks.js';
import type { Init } from './schema.js';

export function renderInit({ file, gpu, foundBy, configurations, nextSteps }: Init, layout: Layout): string {
  const style = styleOf(layout);
  const found = foundBy === 'nvidia-smi' ? ', the card of this machine' : '';
  return page([
    paragraph(`${style.bold(`wrote ${file}`)} for ${gpu}${found}`, layout),
    columns(
      style.bold('Configurations'),
      configurations.map(({ name, verdict, command }) => [name, verdict, command]),
      '<<<',
    ),
    list(style.bold('Next'), nextSteps, layout),
  ]);
}
