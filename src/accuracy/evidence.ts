/**
 * What estimates were compared with, group by group: a code base, a mode, a runtime and, in JAX, a GEMM back end. A test computes every
 * figure again from the records in `tests/data` and writes `profiles/truth/evidence.json`.
 */
import { readProfile } from '../config/profiles.js';
import type { Config, Mode, ModelLayout, Recipe, RuntimeName } from '../config/types.js';
import { codeBaseOf } from '../models/index.js';
import type { Figures } from './figures.js';

export interface Evidence {
  readonly runtime: RuntimeName;
  readonly mode: Mode;
  readonly layout: ModelLayout;
  /** Absent: how matrices are multiplied is no matter. */
  readonly xlaGemm?: Products;
  readonly cases: number;
  /** Of `peakLiveBytes`. */
  readonly live: Figures;
  /** Of `peakReservedBytes`, where an allocator was replayed: it decides in PyTorch. */
  readonly reserved?: Readonly<Record<Recipe['allocator'], Figures>>;
  /** How many records lie inside `range`, which decides in JAX. */
  readonly insideRange?: number;
  /** Every trait that at least one record has. */
  readonly covers: readonly string[];
  readonly source: string;
}

/** XLA's two kinds of matrix products. */
export type Products = 'cublas' | 'triton';

type Subject = Pick<Config, 'runtime' | 'model' | 'recipe' | 'device'>;

/** The values of its code base's own options that are words or switches: they say which network it is, numbers only how large. */
function ownTraits({ layout, own = {} }: Config['model'], mode: Mode): readonly string[] {
  const { options = [] } = codeBaseOf(layout);
  return options.flatMap(({ name, key, ofTraining }) => {
    if (ofTraining && mode === 'inference') return [];
    const value = own[key];
    return typeof value === 'string' ? [`--${name} ${value}`] : value === true ? [`--${name}`] : [];
  });
}

/** What most are asked for; a record of several cards says nothing of it. */
export const oneCard = '--gpus 1';

/** Traits that change which arrays there are: without a record of them nothing was compared. */
export const decisiveTraits = ({
  model,
  recipe: { gpus, parallel, ensemble, checkpoint, mode },
}: Subject): readonly string[] => [
  `--processor ${model.processor}`,
  ...ownTraits(model, mode),
  ...(ensemble === undefined ? [] : ['--ensemble']),
  ...(checkpoint.processorBlocks === undefined ? [] : ['--checkpoint processor:blocks']),
  ...(gpus > 1 ? ['--gpus above 1', `--parallel ${parallel}`] : [oneCard]),
];

/** Options that change lifetimes, as they are typed; sizes are not among them. */
export function traits(subject: Subject): readonly string[] {
  const { precision, optimizer, offload, tape, concatTrick, recomputeActivation, mode, ...recipe } = subject.recipe;
  const { encoder, decoder, model, rollout, processor, edges } = recipe.checkpoint;
  const parts = { encoder, decoder, model, rollout, [`processor:${processor.kind}`]: processor.kind !== 'none' };
  const checkpoint = { ...parts, 'edges:blocks': edges.kind !== 'none' };
  return [
    ...decisiveTraits(subject),
    `--precision ${precision}`,
    ...(mode === 'train' ? [`--optimizer ${optimizer}`] : []),
    ...(offload === 'none' ? [] : [`--offload ${offload}`]),
    ...(tape === 'plain' ? [] : [`--tape ${tape}`]),
    ...(concatTrick === 'off' ? [] : [`--concat-trick ${concatTrick}`]),
    ...(recomputeActivation ? ['--recompute-activation'] : []),
    ...(recipe.amsgrad ? ['--amsgrad'] : []),
    ...(recipe.ema ? ['--ema'] : []),
    ...(recipe.setToNone ? [] : ['--no-set-to-none']),
    ...(recipe.batchSize > 1 ? ['--batch above 1'] : []),
    ...(recipe.accumulate > 1 ? ['--accumulate above 1'] : []),
    ...(recipe.rolloutSteps > 1 ? ['--rollout above 1'] : []),
    ...Object.entries(checkpoint).flatMap(([part, isOn]) => (isOn ? [`--checkpoint ${part}`] : [])),
  ];
}

export const shippedEvidence = (): readonly Evidence[] =>
  readProfile<{ readonly groups: readonly Evidence[] }>('truth', 'evidence').groups;

const saysOf = ({ xlaGemm }: Evidence, products: Products | undefined): boolean =>
  xlaGemm === undefined || xlaGemm === products;

/** The traits of a configuration that no record of the group has. */
export const beyond = (subject: Subject, evidence: Evidence, products?: Products): readonly string[] => [
  ...traits(subject).filter((trait) => !evidence.covers.includes(trait)),
  ...(saysOf(evidence, products) ? [] : [`--xla-gemm ${subject.recipe.xlaGemm}`]),
];

/** The groups that speak of a configuration: of its code base, mode and network. */
function evidenceOf(subject: Subject): readonly Evidence[] {
  const { runtime, model, recipe } = subject;
  return shippedEvidence().filter(
    (group) =>
      group.runtime === runtime &&
      group.mode === recipe.mode &&
      group.layout === model.layout &&
      decisiveTraits(subject).every((trait) => group.covers.includes(trait)),
  );
}

/** The group whose records share most of the configuration's traits, among those of its products where there are any. */
export function evidenceFor(subject: Subject, products?: Products): Evidence | undefined {
  const groups = evidenceOf(subject);
  const own = groups.filter((group) => saysOf(group, products));
  return [...(own.length > 0 ? own : groups)].sort((a, b) => beyond(subject, a).length - beyond(subject, b).length)[0];
}

/** How far estimates of reserved memory were below the records at worst. */
export interface ReservedErrorBar {
  readonly worstUnderPercent: number;
  /** No record is of the configuration's code base, mode and network: the widest of its runtime stands in. */
  readonly isStandIn: boolean;
}

const errorBars = new Map<string, ReservedErrorBar>();

/** Answers are remembered: a search asks for every candidate, and few differ in what an error bar depends on. */
export function reservedErrorBar(subject: Subject): ReservedErrorBar {
  const { runtime, model, recipe } = subject;
  const key = [runtime, model.layout, recipe.mode, recipe.allocator, ...decisiveTraits(subject)].join(' ');
  const known = errorBars.get(key) ?? widestOf(subject);
  errorBars.set(key, known);
  return known;
}

function widestOf(subject: Subject): ReservedErrorBar {
  const own = evidenceOf(subject).filter((group) => saysOf(group, undefined));
  const isStandIn = own.length === 0;
  const { allocator } = subject.recipe;
  return {
    worstUnderPercent: isStandIn ? widestErrorBar(subject.runtime, allocator) : worstOf(own, allocator),
    isStandIn,
  };
}

const worstOf = (groups: readonly Evidence[], allocator: Recipe['allocator']): number =>
  Math.max(...groups.flatMap(({ reserved }) => reserved?.[allocator].worstUnderPercent ?? []));

/** Of all code bases of a runtime on one card: ranks of cut models are so small that one segment of 2 MiB is a twentieth of them. */
export const widestErrorBar = (runtime: RuntimeName, allocator: Recipe['allocator']): number =>
  worstOf(
    shippedEvidence().filter((group) => group.runtime === runtime && group.covers.includes(oneCard)),
    allocator,
  );
