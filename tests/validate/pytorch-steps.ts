/** Steps of PyTorch that others traced, as they are priced today: errors by the groups of `profiles/truth/evidence.json`. */
import type { Evidence } from '../../src/accuracy/evidence.js';
import type { Config, ModelLayout } from '../../src/config/types.js';
import { replayCaching } from '../../src/memory/allocators/replay.js';
import { peakLiveBytes } from '../../src/memory/liveness.js';
import { bufferBytes, type Trace } from '../../src/memory/trace.js';
import { dimensionsOf } from '../../src/models/dimensions.js';
import { runtimes } from '../../src/parallel/index.js';
import { priceProgram } from '../../src/price.js';
import { pytorchRuntime } from '../../src/runtimes/pytorch/index.js';
import { harnessProgram } from '../runtimes/pytorch/anemoi-harness.js';
import * as codeBases from '../runtimes/pytorch/anemoi-records.js';
import type { TransformerRecord } from '../runtimes/pytorch/anemoi-transformer-records.js';
import * as transformer from '../runtimes/pytorch/anemoi-transformer-records.js';
import * as offload from '../runtimes/pytorch/offload-records.js';
import * as pytorch from '../runtimes/pytorch/records.js';
import { errorPercent } from '../statistics.js';

export type Step = {
  readonly config: Config;
  readonly live: number;
  readonly native: number;
  readonly expandable: number;
};

interface Reserved {
  readonly peak_requested_bytes: number;
  readonly peak_reserved_bytes: number;
  readonly peak_reserved_expandable_bytes: number;
}

function pytorchStep(config: Config, { trace, bytes }: { trace: Trace; bytes: Float64Array }, truth: Reserved): Step {
  const reserved = (expandable: boolean): number => {
    const replay = replayCaching(trace.events, bytes, { expandable });
    if (replay.kind !== 'ran') throw new Error('ran out of unlimited memory');
    return replay.peakReservedBytes;
  };
  return {
    config,
    live: errorPercent(peakLiveBytes(trace, bytes), truth.peak_requested_bytes),
    native: errorPercent(reserved(false), truth.peak_reserved_bytes),
    expandable: errorPercent(reserved(true), truth.peak_reserved_expandable_bytes),
  };
}

export function stepOf(config: Config, numbers: ReturnType<typeof pytorch.countsOf>) {
  const { trace, dimensions } = priceProgram(config, numbers);
  return { trace, bytes: bufferBytes(trace, dimensions) };
}

/** With the kernel scratch that CUDA's index_put allocates: what a real step reserves. */
const physicsnemoStep = (config: Config, record: pytorch.PyTorchRecord | offload.OffloadRecord): Step =>
  pytorchStep(config, stepOf(config, pytorch.countsOf(record)), { ...record, ...record.with_index_put_scratch });

const codeBaseStep = (record: codeBases.CodeBaseRecord): Step => {
  const config = codeBases.configOf(record);
  const numbers = codeBases.countsOf(record);
  if (record.part === 'full') return pytorchStep(config, stepOf(config, numbers), record);
  const dimensions = pytorchRuntime.dimensions(dimensionsOf(config, numbers), config);
  const trace = pytorchRuntime.trace(harnessProgram(record, config), config);
  return pytorchStep(config, { trace, bytes: bufferBytes(trace, dimensions) }, record);
};

const ofCodeBase = (model: codeBases.CodeBaseRecord['model'], part: codeBases.CodeBaseRecord['part']) =>
  [...codeBases.records, ...codeBases.holdout]
    .filter((record) => record.model === model && record.part === part)
    .map(codeBaseStep);

/** Of anemoi's transformer records, on one card. */
const transformerSteps = (processor: TransformerRecord['processor'], mode: TransformerRecord['mode']) =>
  [...transformer.records, ...transformer.holdout, ...transformer.wrapped]
    .filter((record) => record.processor === processor && record.mode === mode && record.world === undefined)
    .map((record) => {
      const config = transformer.configOf(record);
      return pytorchStep(config, stepOf(config, transformer.countsOf(record)), record);
    });

/** One rank each of a model that is cut over cards; forecasts as they were traced (`asTraced`). */
const rankSteps = (processor: TransformerRecord['processor'], mode: TransformerRecord['mode']) =>
  transformer.ranks
    .filter((record) => record.processor === processor && record.mode === mode)
    .map((record) => {
      const config = transformer.configOf(record);
      const base = dimensionsOf(config, transformer.countsOf(record));
      const { trace, dimensions } = runtimes.pytorch.stepOfRank(config, base, record.rank ?? 0);
      return pytorchStep(config, { trace, bytes: bufferBytes(trace, dimensions) }, record);
    });

const traced = 'traced under fake CUDA tensors, torch 2.13';
interface StepsOfGroup {
  readonly layout: ModelLayout;
  readonly source: string;
  readonly steps: readonly Step[];
  /** Absent: a training step. */
  readonly mode?: Evidence['mode'];
}

let known: readonly StepsOfGroup[] | undefined;

/** By what each group's `source` says. */
export function pytorchSteps(): readonly StepsOfGroup[] {
  known ??= priceAll();
  return known;
}

const priceAll = (): readonly StepsOfGroup[] => [
  {
    layout: 'physicsnemo',
    source: `PhysicsNeMo's GraphCastNet ${traced}`,
    steps: pytorch.records.map((record) => physicsnemoStep(pytorch.configOf(record), record)),
  },
  {
    layout: 'physicsnemo',
    source: `PhysicsNeMo's GraphCastNet with 8-bit and factored optimizers and offload, ${traced}`,
    steps: offload.records.map((record) => physicsnemoStep(offload.configOf(record), record)),
  },
  {
    layout: 'anemoi-gnn',
    source: `anemoi-models 0.19's GNN ${traced}`,
    steps: [...ofCodeBase('anemoi-gnn', 'full'), ...transformerSteps('gnn', 'train')],
  },
  {
    layout: 'anemoi-graphtransformer',
    source: `anemoi-models 0.19's graph transformer ${traced}`,
    steps: [...ofCodeBase('anemoi-graphtransformer', 'full'), ...transformerSteps('graph', 'train')],
  },
  {
    layout: 'anemoi-graphtransformer',
    mode: 'inference',
    source: `forecasts of anemoi-models 0.19's graph transformer ${traced}`,
    steps: transformerSteps('graph', 'inference'),
  },
  {
    layout: 'anemoi-transformer',
    source: `anemoi-models 0.19's transformer ${traced}`,
    steps: transformerSteps('transformer', 'train'),
  },
  {
    layout: 'anemoi-transformer',
    mode: 'inference',
    source: `forecasts of anemoi-models 0.19's transformer ${traced}`,
    steps: transformerSteps('transformer', 'inference'),
  },
  {
    layout: 'anemoi-point-wise',
    source: `anemoi-models 0.19's PointWiseMLP ${traced}`,
    steps: transformerSteps('pointwise', 'train'),
  },
  ...(['graph', 'transformer', 'pointwise', 'gnn'] as const).flatMap((processor) =>
    (['train', 'inference'] as const).map((mode) => ({
      layout: transformer.layoutOfProcessor[processor],
      mode,
      source: `single ranks of anemoi-models 0.19 cut over 2 to 8 cards, ${traced}, in a process group that is not there`,
      steps: rankSteps(processor, mode),
    })),
  ),
  { layout: 'graph-weather', source: `graph-weather 1.0.146 ${traced}`, steps: ofCodeBase('graph-weather', 'full') },
  {
    layout: 'neural-lam',
    source: `stacks of neural-lam 0.7's InteractionNet layers, not whole models, ${traced}`,
    steps: ofCodeBase('neural-lam', 'processor'),
  },
];
