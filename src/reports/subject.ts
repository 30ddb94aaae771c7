/** What an answer is about, in the same words everywhere: model, code base, resolution, width and layers, precision, card. */
import { formatCheckpoint } from '../config/checkpoint.js';
import { gridName, isReducedGaussian } from '../config/grid.js';
import { codeBaseOf, layoutOf } from '../models/index.js';
import { labelOf } from '../runtimes/traits.js';
import { precisionText, versionText } from './config-line.js';
import type { AnyEstimate, Estimate } from './estimate/schema.js';
import { formatCount } from './units.js';

export type AnyConfig = AnyEstimate['config'];
type ModelConfig = Estimate['config'];

/** The card as its user named it; of one that was named by its size also the generation that is taken. */
export function cardName({ device }: Pick<AnyConfig, 'device'>): string {
  if (device === null) return 'no card';
  return device.architecture === undefined ? device.name : `${device.name} (${device.architecture})`;
}

/** `1°` where the grid covers the globe in equal steps, else rows × columns. */
export function resolutionText({ grid, counts }: ModelConfig['model']): string {
  if (counts !== undefined) return `${formatCount(counts.gridNodes)} grid nodes`;
  const degrees = 360 / grid.longitudes;
  const rows = [180 / degrees, 180 / degrees + 1];
  const isShort = Number.isInteger(Math.round(degrees * 1e6) / 100);
  const isGlobal = !isReducedGaussian(grid) && rows.some((each) => Math.abs(each - grid.latitudes) < 1e-6);
  return isGlobal && isShort ? `${degrees}°` : gridName(grid);
}

/** `512/16`; of a captured step nothing. */
export const sizeText = (config: AnyConfig): string =>
  'trace' in config ? '' : `${config.model.hiddenDim}/${config.model.layers}`;

/** Each part from its shortest form to its longest. */
interface Parts {
  readonly model: string;
  readonly codeBase: readonly [string, string];
  readonly resolution: string;
  readonly size: readonly [string, string];
  readonly precision: string;
  readonly card: string;
}

function partsOf(config: AnyConfig): Parts {
  const card = config.device?.name ?? 'no card';
  if ('trace' in config) {
    const { source, numBuffers, versions } = config.trace;
    const version = versionText(config.runtime, versions) ?? labelOf(config.runtime);
    const arrays = `${formatCount(numBuffers)} arrays`;
    return {
      model: source,
      codeBase: [version, version],
      resolution: config.recipe.mode,
      size: [arrays, arrays],
      precision: 'as captured',
      card,
    };
  }
  const { model, runtime, recipe } = config;
  const { hiddenDim, layers, layout } = model;
  return {
    model: model.name,
    codeBase: [`${codeBaseOf(layout).name} in ${runtime}`, `${layoutOf(layout).label} in ${labelOf(runtime)}`],
    resolution: resolutionText(model),
    size: [sizeText(config), `${hiddenDim} wide × ${layers} layers`],
    precision: precisionText(config, recipe.precision),
    card,
  };
}

/** What differs stands side by side, `→` between what comes before and after. */
function joined(all: readonly Parts[], between: string): Parts {
  const one = (of: (parts: Parts) => string) => distinct(all.map(of), between);
  return {
    model: one(({ model }) => model),
    codeBase: [one(({ codeBase }) => codeBase[0]), one(({ codeBase }) => codeBase[1])],
    resolution: one(({ resolution }) => resolution),
    size: [one(({ size }) => size[0]), one(({ size }) => size[1])],
    precision: one(({ precision }) => precision),
    card: one(({ card }) => card),
  };
}

const mostSideBySide = 3;

function distinct(texts: readonly string[], between: string): string {
  const different = [...new Set(texts)];
  return different.length > mostSideBySide ? `${different.length} kinds` : different.join(between);
}

/** In the longest words that `columns` letters hold. */
export const subjectOfAll = (configs: readonly AnyConfig[], columns: number, between = ', '): string =>
  written(joined(configs.map(partsOf), between), columns);

export const subject = (config: AnyConfig, columns = Number.POSITIVE_INFINITY): string =>
  subjectOfAll([config], columns);

/** Of an answer about all cards. */
export const subjectOfCards = (config: AnyConfig, columns = Number.POSITIVE_INFINITY): string =>
  written({ ...partsOf(config), card: 'all known cards' }, columns);

/** Of many sizes: what is searched stands in the place of width and layers. */
export const subjectOfSizes = (config: AnyConfig, size: string, precision: string, columns: number): string =>
  written({ ...partsOf(config), size: [size, size], precision }, columns);

function written({ model, codeBase, resolution, size, precision, card }: Parts, columns: number): string {
  const dotted = (base: 0 | 1, width: 0 | 1) =>
    [model, codeBase[base], resolution, size[width], precision, card].join(' · ');
  const forms = [
    dotted(1, 1),
    dotted(1, 0),
    dotted(0, 0),
    `${model} (${codeBase[0]}) ${resolution} ${size[0]} ${precision} ${card}`,
  ];
  return forms.find((form) => form.length <= columns) ?? forms.at(-1)!;
}

/** Own counts have no level; another latent mesh is in the details. */
function meshText({ counts, mesh, meshLevel }: ModelConfig['model']): readonly string[] {
  if (counts) {
    const { meshNodes, grid2meshEdges, meshEdges, mesh2gridEdges } = counts;
    const edges = [grid2meshEdges, meshEdges, mesh2gridEdges].map(formatCount).join(' + ');
    return [`${formatCount(meshNodes)} mesh nodes, ${edges} edges`];
  }
  return mesh ? [] : [`mesh ${meshLevel}`];
}

/** How it is trained or run, beside the subject. */
export function recipeText(config: AnyConfig): string {
  if ('trace' in config) return config.recipe.mode === 'train' ? 'one training step' : 'one call';
  const { model, recipe } = config;
  const isTraining = recipe.mode === 'train';
  const plan = formatCheckpoint(recipe.checkpoint);
  return [
    isTraining ? 'training' : 'inference',
    ...(isTraining ? [recipe.optimizer] : []),
    `batch ${recipe.batchSize}`,
    ...(recipe.accumulate > 1 ? [`accumulate ${recipe.accumulate}`] : []),
    ...(recipe.ensemble === undefined ? [] : [`ensemble ${recipe.ensemble}`]),
    ...(recipe.rolloutSteps > 1 ? [`rollout ${recipe.rolloutSteps}`] : []),
    ...meshText(model),
    ...(codeBaseOf(model.layout).modelText?.(model) ?? []),
    `${model.inputChannels}→${model.outputChannels} channels`,
    ...(isTraining || plan !== 'none' ? [`checkpoint ${plan}`] : []),
    ...(recipe.offload === 'none' ? [] : [`${recipe.offload} offloaded`]),
    ...(recipe.gpus > 1 ? [`${recipe.gpus} GPUs (${recipe.parallel})`] : []),
  ].join(', ');
}
