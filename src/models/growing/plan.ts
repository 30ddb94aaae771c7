/**
 * From the arrays of a checkpoint and the size of the next stage to what becomes of every array, so that the grown network computes what
 * the old one did.
 * - Deeper: a new layer's last operation is 0, so the residual around it hands on what came in (identity initialisation, as in
 *   Fixup, arXiv:1901.09321, and ReZero, arXiv:2003.04887).
 * - Wider by a whole number: units are copied, and what reads a copy weighs it by its share (Net2WiderNet, arXiv:1511.05641, section 2.2). A
 *   LayerNorm over copies has the mean and the variance that it had. Equal copies would get equal gradients for ever: shares are
 *   unequal (`asymmetry` of `apply`), and sum to 1.
 * - Wider by any other ratio, where a LayerNorm follows its Linear: centred outputs, scaled by √(new ÷ old), and units that give 0. Then the mean
 *   stays 0 and the variance what it was, epsilon included; the norm's scale takes √(old ÷ new) back. New units of an MLP are read by zeros.
 */
import { InputError } from '../../errors.js';
import type {
  ArrayRole,
  AxisRole,
  CheckpointLayout,
  Fill,
  GrownArray,
  GrowthPlan,
  Size,
  StoredArray,
  Stretch,
} from './types.js';

export interface Target {
  readonly hiddenDim?: number;
  readonly layers?: number;
  readonly heads?: number;
}

interface Growth {
  readonly layout: CheckpointLayout;
  readonly from: Size;
  readonly to: Size;
  readonly heads: number;
  readonly normalisesQueries: boolean;
}

/** @throws InputError where the file is none of `layouts`, holds an array that is not known, or cannot grow to that size. */
export function growthPlan(
  layouts: readonly CheckpointLayout[],
  arrays: readonly StoredArray[],
  target: Target,
): GrowthPlan {
  const { layout, anchor, prefix } = recognised(layouts, arrays);
  const own = arrays.filter(({ name }) => name.startsWith(prefix));
  const roles = layout.roles(own.map((array) => ({ ...array, name: array.name.slice(prefix.length) })));
  const roleOf = (name: string): ArrayRole | undefined => roles.get(name.slice(prefix.length));
  const unknown = own.find(({ name }) => roleOf(name) === undefined && !isSetting(name, layout));
  if (unknown !== undefined)
    throw new InputError(
      'unknown-array',
      `${unknown.name}: an array that ${layout.label} as it is known here does not have.`,
      ['grow the checkpoint of a model whose processor and options gc-plan prices'],
    );
  const from = sizeOf(layout, own, anchor, roleOf(anchor.name)!, prefix);
  const to = { hiddenDim: target.hiddenDim ?? from.hiddenDim, layers: target.layers ?? from.layers };
  const heads = target.heads ?? layout.heads ?? 1;
  requireGrowth(from, to);
  const normalisesQueries = [...roles].some(([, { query, axes }]) => query && axes[0]?.units === 'head');
  const growth = { layout, from, to, heads, normalisesQueries };
  if (to.hiddenDim % from.hiddenDim !== 0) requireNorms(growth, roles);
  const grown = arrays.map((array): GrownArray => {
    const role = array.name.startsWith(prefix) ? roleOf(array.name) : undefined;
    if (isSetting(array.name, layout))
      return { ...copied(array), how: 'set', value: array.name === layout.settings?.layers ? to.layers : to.hiddenDim };
    return role === undefined ? copied(array) : grownArray(array, role, growth);
  });
  return { label: layout.label, from, to, arrays: [...grown, ...newLayers(own, grown, roleOf, growth, prefix)] };
}

const copied = (array: StoredArray): GrownArray => ({
  name: array.name,
  shape: array.shape,
  how: 'copied',
  from: array,
  stretches: [],
  fanIn: 1,
});

const isSetting = (name: string, { settings }: CheckpointLayout): boolean =>
  settings !== undefined && (name === settings.hiddenDim || name === settings.layers);

function recognised(layouts: readonly CheckpointLayout[], arrays: readonly StoredArray[]) {
  for (const layout of layouts) {
    const anchor = arrays.find(({ name }) => layout.anchor.test(name));
    if (anchor !== undefined)
      return { layout, anchor, prefix: anchor.name.slice(0, layout.anchor.exec(anchor.name)!.index) };
  }
  throw new InputError(
    'unknown-checkpoint',
    `None of its ${arrays.length} arrays is one of a model that grows here: ${layouts.map(({ label }) => label).join(', ')}.`,
    [
      'gc-plan grow params.npz grown.npz --hidden-dim 512',
      'torch.save(model.state_dict(), "model.pt") writes what is read',
    ],
  );
}

/** Blocks of the processor's equal layers that the arrays name. */
function blockOf(name: string, { layer }: CheckpointLayout): number | undefined {
  const block = layer.pattern.exec(name)?.groups?.block;
  return block === undefined ? undefined : Number(block);
}

function sizeOf(
  layout: CheckpointLayout,
  arrays: readonly StoredArray[],
  anchor: StoredArray,
  { axes }: ArrayRole,
  prefix: string,
): Size {
  const hiddenDim = anchor.shape[axes.findIndex(({ units }) => units === 'stream')];
  if (hiddenDim === undefined) throw mismatch(anchor, `has ${anchor.shape.length} axes, ${axes.length} are expected`);
  const blocks = arrays.flatMap(({ name }) => blockOf(name.slice(prefix.length), layout) ?? []);
  const inner = Math.floor((Math.max(-1, ...blocks) + 1) / layout.layer.blocks);
  return { hiddenDim, layers: inner + layout.layer.outside };
}

function requireGrowth(from: Size, to: Size): void {
  const size = ({ hiddenDim, layers }: Size) => `${hiddenDim}/${layers}`;
  if (to.hiddenDim === from.hiddenDim && to.layers === from.layers)
    throw new InputError('nothing-to-grow', `The checkpoint is ${size(from)} already.`, [
      `--hidden-dim ${2 * from.hiddenDim}`,
      `--layers ${2 * from.layers}`,
    ]);
  if (to.hiddenDim < from.hiddenDim || to.layers < from.layers)
    throw new InputError('not-larger', `${size(from)} does not grow to ${size(to)}: a model only becomes larger.`, [
      `--hidden-dim ${Math.max(from.hiddenDim, to.hiddenDim)} --layers ${Math.max(from.layers, to.layers)}`,
    ]);
}

function requireNorms({ layout, from, to }: Growth, roles: ReadonlyMap<string, ArrayRole>): void {
  const without = [...roles].find(([, { axes }]) => axes.some(({ units }) => /bare|heads|head$/.test(units)));
  if (without === undefined) return;
  const factor = Math.ceil(to.hiddenDim / from.hiddenDim);
  throw new InputError(
    'not-a-multiple',
    `${layout.label} grows to multiples of ${from.hiddenDim}: no LayerNorm follows ${without[0]}, and one before the layers divides by ` +
      `the deviation of all units, so ${to.hiddenDim - from.hiddenDim} units more would change the others.`,
    [`--hidden-dim ${factor * from.hiddenDim}`],
  );
}

function grownArray(array: StoredArray, role: ArrayRole, growth: Growth): GrownArray {
  const { from, to } = growth;
  if (role.part === 'table') return copied(array);
  const shape = [...array.shape];
  if (role.axes.length !== shape.length)
    throw mismatch(array, `has ${shape.length} axes, ${role.axes.length} are expected`);
  const axes = role.axes.map((axis, index) => ({ axis, index })).filter(({ axis }) => axis.units !== 'fixed');
  if (to.hiddenDim === from.hiddenDim || axes.length === 0) return copied(array);
  const isMultiple = to.hiddenDim % from.hiddenDim === 0;
  // What is read grows first: the added outputs of a Linear then cover all that it reads.
  const stretches = axes
    .toSorted((a, b) => Number(b.axis.reads ?? false) - Number(a.axis.reads ?? false))
    .map(({ axis, index }): Stretch => {
      const segments = segmentsOf(array, axis, array.shape[index]!, growth);
      const width = array.shape[index]! / segments;
      const grownWidth = (width * to.hiddenDim) / from.hiddenDim;
      if (!Number.isInteger(grownWidth)) throw mismatch(array, `its ${width} units do not become ${grownWidth}`);
      shape[index] = grownWidth * segments;
      return isMultiple
        ? { kind: 'tile', axis: index, segments, copies: to.hiddenDim / from.hiddenDim, shared: axis.reads ?? false }
        : { kind: 'pad', axis: index, segments, width: grownWidth, fill: fillOf(axis, role) };
    });
  const made = axes.find(({ axis }) => !axis.reads);
  const isStream = made?.axis.units === 'stream';
  const scale = isMultiple ? queryScale(role, growth) : isStream ? streamScale(role, growth) : 1;
  return {
    name: array.name,
    shape,
    how: isMultiple ? 'tiled' : 'padded',
    from: array,
    ...(!isMultiple && isStream && /weight|bias/.test(role.part) && { centre: made.index }),
    ...(scale !== 1 && { scale }),
    stretches,
    fanIn: fanInOf(shape, role),
  };
}

/** Units added to an axis: those that a LayerNorm makes are 0 whatever reads them; an MLP's own are read by zeros. */
function fillOf({ units, reads }: AxisRole, { part }: ArrayRole): Fill {
  if (part === 'scale') return 'ones';
  if (part === 'bias' || part === 'offset') return 'zeros';
  return (units === 'stream') === (reads ?? false) ? 'fresh' : 'zeros';
}

/** Products of a query and a key have as many terms as a head has units, and are divided by their number's root. */
function queryScale({ query, axes }: ArrayRole, { from, to, normalisesQueries }: Growth): number {
  const isWhereScaled = query && (axes[0]?.units === 'head') === normalisesQueries;
  return isWhereScaled ? Math.sqrt(from.hiddenDim / to.hiddenDim) : 1;
}

const streamScale = ({ part }: ArrayRole, { from, to }: Growth): number =>
  part === 'offset' ? 1 : Math.sqrt(part === 'scale' ? from.hiddenDim / to.hiddenDim : to.hiddenDim / from.hiddenDim);

function segmentsOf(array: StoredArray, { units }: AxisRole, length: number, { from, heads }: Growth): number {
  if (units === 'head') return 1;
  if (units === 'heads') {
    if (length % heads !== 0) throw mismatch(array, `its ${length} units are not ${heads} equal heads (--heads N)`);
    return heads;
  }
  if (units === 'hidden') return 1;
  if (length % from.hiddenDim !== 0)
    throw mismatch(array, `${length} is no multiple of the ${from.hiddenDim} units of the others`);
  return length / from.hiddenDim;
}

const mismatch = (array: StoredArray, reason: string): InputError =>
  new InputError('shape-mismatch', `${array.name} [${array.shape.join(', ')}]: ${reason}.`, [
    'give the checkpoint as its own code wrote it',
  ]);

const fanInOf = (shape: readonly number[], { axes, part }: ArrayRole): number => {
  const index = axes.findIndex(({ reads }) => reads);
  if (part !== 'weight') return 1;
  return shape[index < 0 ? axes.findIndex(({ units }) => units === 'fixed') : index] ?? 1;
};

/** The last layer's arrays again, under the names of the layers behind it. */
function newLayers(
  own: readonly StoredArray[],
  grown: readonly GrownArray[],
  roleOf: (name: string) => ArrayRole | undefined,
  { layout, from, to }: Growth,
  prefix: string,
): readonly GrownArray[] {
  const { pattern, blocks, outside } = layout.layer;
  const inner = from.layers - outside;
  if (to.layers > from.layers && inner < 1)
    throw new InputError(
      'no-layer-to-copy',
      `A model of ${from.layers} layers has none that could be followed by more.`,
      ['train one of at least 3 layers first'],
    );
  const shapes = new Map(grown.map(({ name, shape }) => [name, shape]));
  const template = own.flatMap(({ name }) => {
    const block = blockOf(name.slice(prefix.length), layout);
    return block !== undefined && block >= (inner - 1) * blocks ? [{ name, block }] : [];
  });
  return Array.from({ length: to.layers - from.layers }, (_, added) =>
    template.map(({ name, block }): GrownArray => {
      const role = roleOf(name)!;
      const shape = shapes.get(name)!;
      return {
        name: prefix + renumbered(name.slice(prefix.length), pattern, block + (added + 1) * blocks),
        shape,
        how: 'new',
        stretches: [],
        fill: newFill(role),
        fanIn: fanInOf(shape, role),
      };
    }),
  ).flat();
}

function newFill({ part, closesLayer }: ArrayRole): Fill {
  if (closesLayer || part === 'bias' || part === 'offset') return 'zeros';
  return part === 'scale' ? 'ones' : 'fresh';
}

function renumbered(name: string, pattern: RegExp, block: number): string {
  const match = new RegExp(pattern.source, `${pattern.flags}d`).exec(name)!;
  const [start, end] = match.indices!.groups!.block!;
  return `${name.slice(0, start)}${block}${name.slice(end)}`;
}
