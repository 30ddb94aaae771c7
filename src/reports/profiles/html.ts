/** The page of what is known: every model, recipe and card with its sources. */
import type { Layout } from '../formats.js';
import { html, type Markup } from '../pages/markup.js';
import { dataTable, list, renderPage, section, typedCommand } from '../pages/page.js';
import { inUnit, unitOf } from '../units.js';
import type { Profiles } from './schema.js';

export function renderProfilesPage({ models, recipes, gpus, tool }: Profiles, layout: Layout): string {
  const unit = unitOf(Math.max(...gpus.map(({ nominalBytes }) => nominalBytes)));
  return renderPage({
    question: 'Which models and cards does gc-plan know?',
    answer: { tone: 'neutral', text: `${models.length} models, ${recipes.length} recipes, ${gpus.length} cards` },
    setting: 'A file with the same keys is read in place of a name',
    sections: [
      section(
        'Models and recipes',
        described('Models, by the name that a command takes', models),
        described('Recipes: how a model is trained', recipes),
      ),
      section(
        'Cards',
        dataTable(
          `Memory in ${unit.name}, bandwidth in GB/s`,
          ['card', 'on the box', 'reported by the driver', 'bandwidth', 'what it is'],
          gpus.map(({ name, nominalBytes, reportedBytes, bandwidthGBps, description }) => [
            name,
            inUnit(nominalBytes, unit),
            inUnit(reportedBytes, unit),
            String(bandwidthGBps),
            description,
          ]),
          '<>>><',
          { wideOnly: [false, false, false, false, true] },
        ),
      ),
      section('Sources', ...[...models, ...recipes, ...gpus].map(sourcesOf)),
    ],
    assumptions: ['What was derived and not read says so in its source.'],
    commands: typedCommand(layout, 'gc-plan profiles'),
    tool,
    date: layout.date,
  });
}

type Described = Profiles['models'][number];

const described = (caption: string, profiles: readonly Described[]): Markup =>
  dataTable(
    caption,
    ['name', 'what it is'],
    profiles.map(({ name, description }) => [name, description]),
    '<<',
  );

const sourcesOf = ({ name, sources }: Pick<Described, 'name' | 'sources'>): Markup =>
  html`<details><summary>${name}</summary>
${list(sources)}</details>
`;
