import type { Layout } from '../formats.js';
import { columns, page, styleOf } from '../terminal/blocks.js';
import { formatBytes } from '../units.js';
import type { Profiles } from './schema.js';

export function renderProfiles({ models, recipes, gpus }: Profiles, layout: Layout): string {
  const heading = (text: string) => styleOf(layout).bold(text);
  const named = ({ name, description }: { name: string; description: string }) => [name, description];
  return page([
    columns(heading('Models'), models.map(named), '<<', layout),
    columns(heading('Recipes'), recipes.map(named), '<<', layout),
    columns(
      heading('GPUs'),
      gpus.map(({ name, nominalBytes, reportedBytes, bandwidthGBps }) => [
        name,
        formatBytes(nominalBytes),
        `${formatBytes(reportedBytes)} reported`,
        `${bandwidthGBps} GB/s`,
      ]),
      '<>>>',
    ),
    ['gc-plan profiles --json adds the source of each'],
  ]);
}
