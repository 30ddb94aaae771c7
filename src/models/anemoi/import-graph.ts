/** The data grid and the latent mesh of an anemoi configuration (anemoi-graphs 0.9.8): known by name, or said to be something that is not priced. */
import { numPoints, parseReducedGaussian } from '../../config/grid.js';
import type { Grid } from '../../config/types.js';
import type { Settings, SettingValue } from '../importing/settings.js';
import type { ImportedNetwork } from './import-network.js';
import { joinsByEdges, type MapperKind, readsMeshEdges } from './options.js';

const meshBuilder = 'anemoi.graphs.nodes.TriNodes';
const reducedGaussianBuilder = 'anemoi.graphs.nodes.ReducedGaussianGridNodes';
/** What the three edge sets are built by. */
const edgeBuilders: Readonly<Record<string, string>> = {
  'data hidden': 'anemoi.graphs.edges.CutOffEdges',
  'hidden hidden': 'anemoi.graphs.edges.MultiScaleEdges',
  'hidden data': 'anemoi.graphs.edges.KNNEdges',
};
const decoderNeighbours = 3;

export interface ImportedGraph {
  readonly meshLevel: number | undefined;
  /** The points of a reduced Gaussian grid as latent mesh. */
  readonly mesh?: Grid | undefined;
  readonly grid: Grid | undefined;
  /** The file gives it, and not as what is priced: no MODEL stands in. */
  readonly isOtherMesh: boolean;
  readonly isOtherGrid: boolean;
  readonly coarsestScale?: 0 | undefined;
  readonly notes: readonly string[];
}

const points = (grid: Grid): string => `${numPoints(grid).toLocaleString('en-US')} points`;

/** `data.resolution`, or the grid in the data set's name: `aifs-ea-an-oper-0001-mars-o96-1979-2022-6h-v6`. */
function gridOf(
  settings: Settings,
): Pick<ImportedGraph, 'grid' | 'isOtherGrid'> & { readonly note: string | undefined } {
  const named = settings.for('grid').text('data.resolution', 'resolution');
  const grid = named === undefined ? undefined : parseReducedGaussian(named);
  if (grid !== undefined) return { grid, isOtherGrid: false, note: `The data grid is ${named} = ${points(grid)}.` };
  const isOtherGrid = named !== undefined && !named.includes('$');
  if (isOtherGrid)
    return { grid, isOtherGrid, note: `The data grid is ${named}, whose number of points is not known here.` };
  const dataset = settings.text('system.input.dataset', 'hardware.files.dataset', 'files.dataset') ?? '';
  const [inName] = dataset.split(/[-_./]/).flatMap((part) => (/^[on]\d+$/.test(part) ? [part] : []));
  const fromName = inName === undefined ? undefined : parseReducedGaussian(inName);
  if (fromName === undefined) return { grid: undefined, isOtherGrid: false, note: undefined };
  const note = `The data grid is ${inName} = ${points(fromName)}, by the data set's name ${dataset}.`;
  return { grid: fromName, isOtherGrid: false, note };
}

/** An integer r takes levels 1 to r, null all of them, a list its own; other levels than these are not priced. */
function firstScale(scales: SettingValue | undefined, level: number | undefined): 0 | 1 | undefined {
  if (scales === undefined || scales === null) return 0;
  if (scales === level) return 1;
  if (!Array.isArray(scales) || level === undefined) return undefined;
  const [first] = scales;
  if (first !== 0 && first !== 1) return undefined;
  const isWhole = scales.length === level + 1 - first && scales.every((scale, index) => scale === index + first);
  return isWhole ? first : undefined;
}

/** Where the file says otherwise than the shipped groups: their own is what the grid decides. */
function coarsestScaleOf(settings: Settings, level: number | undefined): 0 | undefined {
  for (const parent of ['graph.edges', 'edges'])
    for (const set of settings.children(parent))
      for (const each of settings.children(`${parent}.${set}.edge_builders`)) {
        const at = `${parent}.${set}.edge_builders.${each}`;
        const isMultiScale = settings.text(`${at}._target_`) === edgeBuilders['hidden hidden'];
        if (isMultiScale && firstScale(settings.value(`${at}.scale_resolutions`), level) === 0) return 0;
      }
  return undefined;
}

/** Edge sets that are built otherwise than is priced: `data → hidden: KNNEdges`. */
function otherEdges(
  settings: Settings,
  parent: string,
  level: number | undefined,
  unread: readonly string[],
): readonly string[] {
  return settings.children(parent).flatMap((set) => {
    const at = `${parent}.${set}`;
    const pair = `${settings.text(`${at}.source_name`) ?? '?'} ${settings.text(`${at}.target_name`) ?? '?'}`;
    if (unread.includes(pair)) return [];
    const builders = settings.children(`${at}.edge_builders`).map((each) => `${at}.edge_builders.${each}`);
    const names = builders.map((each) => settings.text(`${each}._target_`) ?? '?');
    const all = (key: string) => builders.flatMap((each) => settings.value(`${each}.${key}`) ?? []);
    const isPriced =
      names.length === 1 &&
      names[0] === edgeBuilders[pair] &&
      all('num_nearest_neighbours').every((k) => k === decoderNeighbours) &&
      all('x_hops').every((hop) => hop === 1) &&
      all('source_mask_attr_name').length + all('target_mask_attr_name').length === 0 &&
      builders.every((each) => firstScale(settings.value(`${each}.scale_resolutions`), level) !== undefined);
    const written = names.map((name) => name.split('.').at(-1)).join(' + ') || 'none';
    return isPriced ? [] : [`${pair.replace(' ', ' → ')}: ${written}`];
  });
}

/** Sets of edges that the network does not read. */
const unreadEdges = ({ model: { processor, own } }: ImportedNetwork): readonly string[] => [
  ...(processor === undefined || readsMeshEdges(processor) ? [] : ['hidden hidden']),
  ...(joinsByEdges((own?.mapper ?? 'graphtransformer') as MapperKind) ? [] : ['data hidden', 'hidden data']),
];

/** Such layers run on the icosahedron alone, or on a graph of one's own. */
export const needsMeshEdges = ({ model: { processor } }: ImportedNetwork): boolean =>
  processor === undefined || readsMeshEdges(processor);

function meshOf(
  settings: Settings,
  network: ImportedNetwork,
): Pick<ImportedGraph, 'meshLevel' | 'mesh' | 'isOtherMesh' | 'coarsestScale' | 'notes'> {
  const nodes = (key: string): readonly [string, string] => [
    `graph.nodes.hidden.node_builder.${key}`,
    `nodes.hidden.node_builder.${key}`,
  ];
  if (network.model.own?.mapper === 'point-wise') return { meshLevel: 0, isOtherMesh: false, notes: [] };
  const unread = unreadEdges(network);
  const builder = settings.text(...nodes('_target_'));
  const level = settings.for('mesh-level').whole(...nodes('resolution'));
  if (builder !== undefined && builder !== meshBuilder) {
    const latent = settings.text(...nodes('grid'));
    const grid = latent === undefined ? undefined : parseReducedGaussian(latent);
    const size = grid ? ` ${latent} = ${points(grid)}` : '';
    const notes = [`The latent mesh is ${builder.split('.').at(-1)}${size}${settings.originOf(...nodes('_target_'))}.`];
    const otherwise = ['graph.edges', 'edges'].flatMap((parent) => otherEdges(settings, parent, level, unread));
    const isPriced =
      builder === reducedGaussianBuilder && grid !== undefined && !needsMeshEdges(network) && otherwise.length === 0;
    if (isPriced) return { meshLevel: undefined, mesh: grid, isOtherMesh: false, notes };
    return { meshLevel: undefined, isOtherMesh: true, notes: [...notes, ...edgesNote(otherwise)] };
  }
  const others = ['graph.edges', 'edges'].flatMap((parent) => otherEdges(settings, parent, level, unread));
  // HexNodes have a resolution too: without the builder's name it says nothing.
  const isKnown = builder !== undefined && level !== undefined;
  const notes = isKnown ? [`The latent mesh is TriNodes ${level}${settings.originOf(...nodes('resolution'))}.`] : [];
  if (others.length === 0) {
    const scale = needsMeshEdges(network) ? coarsestScaleOf(settings, level) : undefined;
    return { meshLevel: isKnown ? level : undefined, isOtherMesh: false, coarsestScale: scale, notes };
  }
  return { meshLevel: undefined, isOtherMesh: true, notes: [...notes, ...edgesNote(others)] };
}

const edgesNote = (others: readonly string[]): readonly string[] =>
  others.length === 0 ? [] : [`Edges that are built otherwise than is priced: ${others.join('; ')}.`];

export function graphOf(settings: Settings, network: ImportedNetwork): ImportedGraph {
  const { grid, isOtherGrid, note } = gridOf(settings);
  const { notes, ...mesh } = meshOf(settings, network);
  return { ...mesh, grid, isOtherGrid, notes: [...(note === undefined ? [] : [note]), ...notes] };
}
