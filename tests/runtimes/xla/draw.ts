/** Which training steps were compiled for the second hold-out: drawn by a seed after the rules stood, none left out. */
import fc from 'fast-check';
import type { JaxRecord } from './records.js';

export type DrawnStep = Pick<
  JaxRecord,
  | 'target'
  | 'grid'
  | 'pressure_levels'
  | 'mesh_size'
  | 'latent_size'
  | 'gnn_msg_steps'
  | 'hidden_layers'
  | 'batch'
  | 'ar_steps'
  | 'bf16'
  | 'gemm_mode'
> & { readonly remat_plan: NonNullable<JaxRecord['remat_plan']> | null };

/** Two in `of` are the other value. */
const mostly = <T>(usual: T, other: fc.Arbitrary<T>, of: number): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: of - 2 }, { arbitrary: other, weight: 2 });

/** From pole to pole; between half and two thirds as many rows as columns. */
const grid = fc
  .constantFrom(25, 29, 37, 46, 61, 73, 91, 109, 121, 145, 181)
  .chain((rows) => fc.integer({ min: Math.ceil(0.75 * rows), max: rows }).map((half) => [rows, 2 * half] as const));

const plan = fc.oneof(
  fc.constant({ enc: 1 } as const),
  fc.constant({ enc: 1, dec: 1 } as const),
  fc.integer({ min: 1, max: 4 }).map((mesh_every) => ({ mesh_every })),
  fc.integer({ min: 1, max: 4 }).map((mesh_every) => ({ enc: 1, mesh_every }) as const),
);

const step: fc.Arbitrary<DrawnStep> = fc.record({
  target: mostly('h100', fc.constantFrom('a100_40', 'a6000'), 6),
  grid,
  pressure_levels: fc.constantFrom(13, 37),
  mesh_size: fc.integer({ min: 2, max: 5 }),
  latent_size: fc.constantFrom(24, 32, 48, 64, 72, 96, 128, 136, 192, 256, 320, 384, 512),
  gnn_msg_steps: fc.integer({ min: 1, max: 10 }),
  hidden_layers: mostly(1, fc.constant(2), 8),
  batch: fc.constantFrom(1, 1, 2, 3),
  ar_steps: mostly(1, fc.constantFrom(2, 3), 8),
  bf16: mostly(true, fc.constant(false), 6),
  gemm_mode: mostly<JaxRecord['gemm_mode']>('cublas', fc.constant('default-noautotune' as const), 10),
  remat_plan: mostly<DrawnStep['remat_plan']>(null, plan, 8),
});

export const drawnSteps: readonly DrawnStep[] = fc.sample(step, { seed: 20261130, numRuns: 32 });

/** What else a step is trained with: several cards, accumulated gradients, other optimizers, a rollout without gradient checkpointing. */
export type DrawnRecipe = Pick<
  JaxRecord,
  | 'target'
  | 'grid'
  | 'pressure_levels'
  | 'mesh_size'
  | 'latent_size'
  | 'gnn_msg_steps'
  | 'hidden_layers'
  | 'batch'
  | 'ar_steps'
  | 'bf16'
  | 'optimizer'
  | 'gradient_checkpointing'
  | 'gemm_mode'
> & {
  readonly devices: number;
  readonly accumulate: number;
  readonly remat_plan?: NonNullable<JaxRecord['remat_plan']>;
};

const small = {
  target: fc.constant('h100'),
  grid: fc.constantFrom(25, 31, 37, 46, 61).map((rows) => [rows, 2 * (rows - 1)] as const),
  pressure_levels: fc.constantFrom<13 | 37>(13, 37),
  mesh_size: fc.integer({ min: 2, max: 4 }),
  latent_size: fc.constantFrom(64, 96, 128, 192, 256),
  gnn_msg_steps: fc.integer({ min: 2, max: 6 }),
  hidden_layers: mostly(1, fc.constant(2), 6),
  batch: fc.constant(1),
  ar_steps: fc.constant(1),
  bf16: mostly(true, fc.constant(false), 6),
  optimizer: fc.constant('adamw'),
  gradient_checkpointing: fc.constant(true),
  gemm_mode: fc.constant<JaxRecord['gemm_mode']>('cublas'),
  devices: fc.constant(1),
  accumulate: fc.constant(1),
};

const drawRecipes = (
  other: Partial<{ [K in keyof DrawnRecipe]-?: fc.Arbitrary<DrawnRecipe[K]> }>,
  numRuns: number,
  seed = 20261202,
) =>
  fc.sample(
    fc.record({ ...small, ...other } as { [K in keyof DrawnRecipe]-?: fc.Arbitrary<NonNullable<DrawnRecipe[K]>> }),
    {
      seed,
      numRuns,
    },
  );

const batch = fc.constantFrom(1, 1, 2);
const data = { devices: fc.constantFrom(2, 4, 8), batch: fc.constantFrom(1, 1, 1, 2) };
const recomputed = fc.oneof(
  fc.constant({ enc: 1 } as const),
  fc.constant({ enc: 1, dec: 1 } as const),
  fc.integer({ min: 1, max: 3 }).map((mesh_every) => ({ mesh_every })),
  fc.integer({ min: 1, max: 3 }).map((mesh_every) => ({ enc: 1, dec: 1, mesh_every }) as const),
  fc.constant({ mesh_every: 1 }),
  fc.constant({ whole_step: 1 } as const),
);
/** …as people run them: up to 121×240 and 512 wide, whose gradients meet in several all-reduces. */
const large = {
  grid: fc.constantFrom(46, 61, 91, 121).map((rows) => [rows, 2 * (rows - 1)] as const),
  pressure_levels: fc.constant<13 | 37>(13),
  mesh_size: fc.integer({ min: 3, max: 5 }),
  latent_size: fc.constantFrom(128, 256, 512),
  gnn_msg_steps: fc.integer({ min: 4, max: 12 }),
  remat_plan: fc.oneof(recomputed, fc.constant({ dec: 1 } as const)),
};
const { remat_plan: _, ...withoutPlan } = large;
/** …of any size between, on other cards too. */
const any = {
  ...data,
  target: mostly('h100', fc.constantFrom('a100_40', 'a6000'), 8),
  grid: fc.integer({ min: 25, max: 121 }).map((rows) => [rows, 2 * (rows - 1)] as const),
  mesh_size: fc.integer({ min: 2, max: 5 }),
  latent_size: fc.integer({ min: 4, max: 48 }).map((eighths) => 8 * eighths),
  gnn_msg_steps: fc.integer({ min: 1, max: 10 }),
  batch: fc.constantFrom(1, 1, 2, 3),
};
/** …on each of three cards as often. */
const anyCard = { ...any, target: fc.constantFrom('h100', 'a100_40', 'a6000') };
const eitherProduct = mostly<JaxRecord['gemm_mode']>('cublas', fc.constant('default-noautotune' as const), 8);
export const drawnRecipes = {
  /** Twelve after the kernels of `waiting-norms.ts`, ten after the order that the latency hiding scheduler begins with, ten after its times; the last ten after the order of memory; of any size eight before several samples were divided by threads, four after; on all three cards ten after those before Hopper were put in XLA's order too; ten after `gather-or-norm.ts`. */
  data: [
    ...drawRecipes(data, 24),
    ...drawRecipes({ ...data, gemm_mode: eitherProduct }, 12, 20261207),
    ...drawRecipes(data, 10, 20261201),
    ...drawRecipes(data, 10, 2017756762),
    ...drawRecipes({ ...data, ...withoutPlan }, 4, 20270102),
    ...drawRecipes({ ...data, ...withoutPlan }, 4, 20270103),
    ...drawRecipes(any, 8, 20270114),
    ...drawRecipes({ ...data, ...withoutPlan }, 4, 20270107),
    ...drawRecipes(data, 6, 20270108),
    ...drawRecipes(any, 4, 20270116),
    ...drawRecipes(anyCard, 10, 20270121),
    ...drawRecipes(any, 10, 20281201),
  ],
  /** …of which a part is recomputed: ten after the barriers (`kernel-order.ts`), five of eight after masks and casts, eight after all, ten large ones after the all-reduces; then while the order of memory was written, and eight after all; of any size six before several samples were divided by threads, four after; on all three cards eight after those before Hopper were put in XLA's order too; eight after `gather-or-norm.ts`. */
  recomputed: [
    ...drawRecipes({ ...data, remat_plan: recomputed }, 10, 20261211),
    ...drawRecipes({ ...data, remat_plan: recomputed }, 8, 20261212).slice(0, 5),
    ...drawRecipes({ ...data, remat_plan: recomputed }, 8, 20261213),
    ...drawRecipes({ ...data, ...large }, 10, 20261230),
    ...drawRecipes({ ...data, ...large }, 4, 20261231),
    ...drawRecipes({ ...data, ...large }, 4, 20270101),
    ...drawRecipes({ ...data, ...large }, 4, 20270104),
    ...drawRecipes({ ...data, remat_plan: recomputed }, 4, 20270105),
    ...drawRecipes({ ...data, ...large }, 4, 20270106),
    ...drawRecipes({ ...data, remat_plan: recomputed }, 4, 20270109),
    ...drawRecipes({ ...data, ...large }, 3, 20270110),
    ...drawRecipes({ ...data, remat_plan: recomputed }, 5, 20270111),
    ...drawRecipes({ ...any, remat_plan: recomputed }, 6, 20270115),
    ...drawRecipes({ ...data, ...large }, 2, 20270112),
    ...drawRecipes({ ...data, remat_plan: recomputed }, 6, 20270113),
    ...drawRecipes({ ...any, remat_plan: recomputed }, 4, 20270117),
    ...drawRecipes({ ...anyCard, remat_plan: recomputed }, 8, 20270122),
    ...drawRecipes({ ...any, remat_plan: recomputed }, 8, 20281202),
  ],
  accumulate: drawRecipes({ accumulate: fc.constantFrom(2, 4, 8), batch }, 12),
  optimizer: drawRecipes({ optimizer: fc.constantFrom('adam', 'sgd', 'momentum', 'none'), batch }, 14),
  unchecked: drawRecipes({ gradient_checkpointing: fc.constant(false), ar_steps: fc.constantFrom(2, 3, 4), batch }, 4),
} as const satisfies Readonly<Record<string, readonly DrawnRecipe[]>>;

/** Forecasts, half of them of many steps in one program. */
export type DrawnForecast = Pick<
  JaxRecord,
  | 'target'
  | 'grid'
  | 'pressure_levels'
  | 'mesh_size'
  | 'latent_size'
  | 'gnn_msg_steps'
  | 'hidden_layers'
  | 'batch'
  | 'ar_steps'
  | 'bf16'
>;

const forecastOf = {
  target: fc.constant('h100'),
  grid: fc.constantFrom(31, 46, 61, 91, 121, 181, 361).map((rows) => [rows, 2 * (rows - 1)] as const),
  pressure_levels: fc.constantFrom<13 | 37>(13, 37),
  mesh_size: fc.integer({ min: 3, max: 6 }),
  // None is a power of two: in fp32 XLA then has two forms of the concatenation.
  latent_size: fc.constantFrom(96, 160, 192, 320, 384, 480, 576, 640),
  gnn_msg_steps: fc.integer({ min: 2, max: 16 }),
  hidden_layers: mostly(1, fc.constant(2), 6),
  batch: fc.constantFrom(1, 1, 2, 3),
  ar_steps: fc.constantFrom(1, 2, 8, 12, 20, 24, 40),
  bf16: fc.boolean(),
};
const forecast: fc.Arbitrary<DrawnForecast> = fc.record(forecastOf);

/** What a loop carries is as large as what its body needs. */
const longRollout: fc.Arbitrary<DrawnForecast> = fc.record({
  ...forecastOf,
  latent_size: fc.constantFrom(64, 96, 128, 192, 256, 320),
  gnn_msg_steps: fc.integer({ min: 2, max: 8 }),
  ar_steps: fc.constantFrom(12, 20, 30, 40),
});

/** One step or a rollout of any length up to a week and more. */
const anyForecast: fc.Arbitrary<DrawnForecast> = fc.record({
  ...forecastOf,
  ar_steps: fc.integer({ min: 1, max: 30 }),
});

/** Where norms and gathers want into the same concatenation. */
const powerOfTwoInFp32: fc.Arbitrary<DrawnForecast> = fc.record({
  ...forecastOf,
  target: mostly('h100', fc.constant('a100_40'), 6),
  mesh_size: fc.integer({ min: 3, max: 5 }),
  latent_size: fc.constantFrom(64, 128, 256, 512),
  bf16: fc.constant(false),
});

/** Whose first sum of edges may be read by two products alone. */
const fewLayers: fc.Arbitrary<DrawnForecast> = fc.record({
  ...forecastOf,
  grid: fc.constantFrom(31, 46, 61, 91, 121, 181).map((rows) => [rows, 2 * (rows - 1)] as const),
  mesh_size: fc.integer({ min: 4, max: 6 }),
  latent_size: fc.constantFrom(96, 128, 192, 256, 320, 384, 512),
  gnn_msg_steps: fc.integer({ min: 2, max: 4 }),
  ar_steps: fc.constantFrom(1, 2, 12, 30),
  bf16: fc.constant(true),
});

const eighty = fc.sample(anyForecast, { seed: 20261209, numRuns: 80 });

/**
 * `again`: after the rule of what begins in the memory of what its kernel reads (`outputs.ts`). `last`: after additions counted too.
 * `powersOfTwo`: after `norm-or-gather.ts`. `longRollouts`: after `memory-order.ts`. `fewLayers`: after what two products read
 * (`written-sums.ts`). `arena`: after the arena was laid out as XLA's (`arena.ts`), and `gaps`, then
 * too, those of eighty whose number that moves by 0.3 % or more.
 */
export const drawnForecasts = {
  again: fc.sample(forecast, { seed: 20261203, numRuns: 10 }),
  last: fc.sample(forecast, { seed: 20261204, numRuns: 10 }),
  powersOfTwo: fc.sample(powerOfTwoInFp32, { seed: 20261205, numRuns: 12 }),
  longRollouts: fc.sample(longRollout, { seed: 20261206, numRuns: 8 }),
  fewLayers: fc.sample(fewLayers, { seed: 20261208, numRuns: 10 }),
  arena: fc.sample(anyForecast, { seed: 20261202, numRuns: 10 }),
  gaps: [8, 18, 21, 26, 34, 73, 79].map((index) => eighty[index]!),
} as const satisfies Readonly<Record<string, readonly DrawnForecast[]>>;
