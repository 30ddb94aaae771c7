/** What is trained: the records of `config/model-options.ts`, and beside them the options that set several keys at once, or the whole model. */
import { typedGridKinds } from '../../config/choices.js';
import { maximumEdges } from '../../config/limits.js';
import { type ModelKey, modelKeys, modelOptions } from '../../config/model-options.js';
import { orList } from '../../config/nearest.js';
import type { Counts } from '../../config/types.js';
import { codeBases } from '../../models/index.js';
import { choice, fromRecord, integer, type OptionDefinition, option, text } from './definition.js';

const countOption = <const Name extends string>(name: Name, key: keyof Counts, what: string) =>
  option(
    'model',
    name,
    integer(1, maximumEdges, '100000'),
    `${what} of a graph of one's own. All five are typed together.`,
    `model.counts.${key}`,
  );

/** They win over every geometry. */
const countOptions = [
  countOption('grid-nodes', 'gridNodes', 'Points of the data grid'),
  countOption('mesh-nodes', 'meshNodes', 'Nodes of the latent mesh'),
  countOption('mesh-edges', 'meshEdges', 'Directed edges between mesh nodes'),
  countOption('grid2mesh-edges', 'grid2meshEdges', 'Encoder edges, grid to mesh,'),
  countOption('mesh2grid-edges', 'mesh2gridEdges', 'Decoder edges, mesh to grid,'),
] as const;

export const graphOptions = [
  option(
    'model',
    'resolution',
    text('1'),
    'Grid spacing in degrees, on the code base’s own grid. Halving it quadruples grid nodes, and encoder and decoder edges.',
    'model.grid',
    'DEG',
  ),
  option(
    'model',
    'grid',
    text('181x360'),
    'Grid rows and columns instead of a resolution (an odd number of latitudes has both poles), or a reduced Gaussian grid: o96, n320.',
    'model.grid',
    'LATxLON|oN|nN',
  ),
  option(
    'model',
    'mesh',
    text('o96'),
    'A latent mesh of the points of a reduced Gaussian grid instead of a refined icosahedron. It has no edges: for processors over rows.',
    'model.mesh',
    'oN|nN',
  ),
  option(
    'model',
    'grid-kind',
    choice(...typedGridKinds),
    'Whether the rows include both poles, lie half a cell off, or are a poles grid without its last row.',
    'model.grid.kind',
  ),
  option(
    'model',
    'levels',
    choice('13', '37'),
    'Pressure levels. Sets input and output channels by DeepMind’s formula: 12 input and 6 output channels per level.',
    'model.pressureLevels',
  ),
  ...countOptions,
  option(
    'model',
    'import',
    text('conf/config.yaml'),
    `Instead of MODEL: a configuration of ${orList(codeBases().flatMap(({ imports }) => imports?.what ?? []))}.`,
    undefined,
    'FILE',
  ),
] as const;

export const modelDefinitions: readonly (OptionDefinition & { readonly key: ModelKey })[] = modelKeys.map((key) => ({
  key,
  ...fromRecord('model', key, modelOptions[key]),
}));
