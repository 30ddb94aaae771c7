/** The code bases, one line each, and what the rest of the tool asks of the one that a model belongs to. */

import { reducedGridKinds, typedGridKinds } from '../config/choices.js';
import { kindOfRows } from '../config/grid.js';
import type { GridKind, Model, ModelLayout, ProcessorKind, Recipe } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import type { Segmentation } from '../ir/segmentation.js';
import { addGridConvention } from '../topology/grid.js';
import { anemoi } from './anemoi/index.js';
import type { CodeBase, Layout, ProcessorTraits } from './code-base.js';
import { gencast } from './gencast/index.js';
import { graphWeather } from './graph-weather/index.js';
import { graphcast } from './graphcast/index.js';
import type { CheckpointLayout } from './growing/types.js';
import { neuralLam } from './neural-lam/index.js';
import { physicsnemo } from './physicsnemo/index.js';
import { weathernext2 } from './weathernext2/index.js';

const registered: CodeBase[] = [];
const byLayout = new Map<ModelLayout, CodeBase>();

export function registerCodeBase(codeBase: CodeBase): void {
  registered.push(codeBase);
  for (const layout of Object.keys(codeBase.layouts)) byLayout.set(layout, codeBase);
  if (codeBase.ownGrid !== undefined) addGridConvention(codeBase.ownGrid.kind, codeBase.ownGrid);
}

for (const codeBase of [graphcast, physicsnemo, anemoi, graphWeather, neuralLam, gencast, weathernext2])
  registerCodeBase(codeBase);

export const codeBases = (): readonly CodeBase[] => registered;
export const layoutNames = (): readonly ModelLayout[] => [...byLayout.keys()];
/** What `--export` takes. */
export const exportNames = (): readonly string[] => registered.flatMap(({ name, exports }) => (exports ? [name] : []));
export const gridKinds = (): readonly GridKind[] => [
  ...typedGridKinds,
  ...registered.flatMap(({ ownGrid }) => ownGrid?.kind ?? []),
  ...reducedGridKinds,
];

export function codeBaseOf(layout: ModelLayout): CodeBase {
  const codeBase = byLayout.get(layout);
  if (codeBase === undefined) throw new Error(`no code base has the layout ${layout}`);
  return codeBase;
}

/** Kinds of checkpoints that `gc-plan grow` carries over. */
export const checkpointLayouts = async (): Promise<readonly CheckpointLayout[]> =>
  (await Promise.all(registered.map(({ checkpoints }) => checkpoints?.() ?? []))).flat();

/** @throws where no code base of that name has an exporter */
export function exportsOf(name: string): NonNullable<CodeBase['exports']> {
  const found = registered.find((codeBase) => codeBase.name === name)?.exports;
  if (found === undefined) throw new Error(`nothing is exported to ${name}`);
  return found;
}

export const layoutOf = (layout: ModelLayout): Layout => codeBaseOf(layout).layouts[layout]!;

/** The kinds of processor layers that a network of the layout can have. */
export function processorsOf(layout: ModelLayout): readonly ProcessorKind[] {
  const { processor, processors } = layoutOf(layout);
  return processors === undefined ? [processor] : (Object.keys(processors) as ProcessorKind[]);
}

export const processorTraits = ({ layout, processor }: Pick<Model, 'layout' | 'processor'>): ProcessorTraits =>
  layoutOf(layout).processors?.[processor] ?? {};

/** The layout of the same code base whose own processor that is; else the one it was. */
export function layoutWith(layout: ModelLayout, processor: Model['processor']): ModelLayout {
  if (layoutOf(layout).processor === processor) return layout;
  const own = Object.entries(codeBaseOf(layout).layouts).find(([, other]) => other.processor === processor);
  return own?.[0] ?? layout;
}

/** The flags that some models have and others have not. */
export const optionsOfSome = (): readonly string[] => [
  ...new Set(registered.flatMap(({ layouts }) => Object.values(layouts).flatMap(({ options }) => options))),
];

export const kindOfRowsIn = (layout: ModelLayout) => codeBaseOf(layout).kindOfRows ?? kindOfRows;

/** @throws where the code base is not cut into stages */
export function stageOf(model: Model, recipe: Recipe, segmentation: Segmentation, index: number): ForwardProgram {
  const { stage } = codeBaseOf(model.layout);
  if (stage === undefined) throw new Error(`${model.layout} is not cut into stages`);
  return stage(model, recipe, segmentation, index, recipe.gpus);
}

export const forwardProgram = (model: Model, recipe: Recipe, segmentation: Segmentation): ForwardProgram =>
  codeBaseOf(model.layout).program(model, recipe, segmentation);
