/**
 * All that the tool knows of one code base stands in one room, `src/models/<code base>/`, whose `index.ts` is one `CodeBase`. The registry
 * (`models/index.ts`) has a line for each; nothing outside the rooms names a code base. docs/architecture.md adds one as an example.
 */
import type { KindOfRows } from '../config/grid.js';
import type { OptionValue } from '../config/option-value.js';
import type {
  CheckpointPlan,
  Config,
  Counts,
  GridKind,
  Model,
  ModelLayout,
  OwnValue,
  ProcessorKind,
  Recipe,
  RuntimeName,
} from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import type { Segmentation } from '../ir/segmentation.js';
import type { Axis, Dimensions } from '../ir/shape.js';
import type { GridConvention } from '../topology/grid.js';
import type { Exporter } from './exporting/types.js';
import type { GraphRules } from './graphs.js';
import type { CheckpointLayout } from './growing/types.js';
import type { Composition } from './importing/hydra.js';
import type { Setting, Settings, TypedFlags } from './importing/settings.js';
import type { Tree } from './importing/tree.js';
import type { Importer } from './importing/types.js';
import type { Refusal } from './refusals.js';

/** What others have to know of one kind of processor layers in a network. A trait that is left out does not hold. */
export interface ProcessorTraits {
  /**
   * What a layer reads of the mesh edges: rows that the layer before has updated (`state`), embedded rows that all layers share
   * (`embedded`), the structural features as they are (`features`).
   */
  readonly meshEdges?: 'state' | 'embedded' | 'features';
  /** Its networks are MLPs, which can be split over cards, take the concat trick and recompute their activations. */
  readonly isMlps?: boolean;
  /** `--heads` and `--attention-backend` mean something, and the heads must divide the width. */
  readonly hasHeads?: boolean;
  readonly hasMlpRatio?: boolean;
  /** No symbol but `hiddenDim` follows from the width: a search over widths changes that one number. */
  readonly isWidthOneSymbol?: boolean;
}

/** One of the networks that a code base builds: `config.model.layout`. */
export interface Layout {
  readonly label: string;
  /** The runtime its own code is written for. */
  readonly home: RuntimeName;
  readonly runtimes: readonly RuntimeName[];
  /** The flags it has of those that not every model has. */
  readonly options: readonly string[];
  /** The processor layers of its own. */
  readonly processor: ProcessorKind;
  /**
   * Each kind of layers that it can have, its own among them; absent: its own alone, without traits. `--processor` takes them where it is
   * among `options`. One that is another layout's own makes it that layout.
   */
  readonly processors?: Readonly<Partial<Record<ProcessorKind, ProcessorTraits>>>;
  /** Hidden layers of its MLPs before any are added; absent: 1. */
  readonly fewestHiddenLayers?: number;
  /** Where the edge updates of encoder and decoder can be cut into blocks (`edges:blocks`). */
  readonly edgeBlocks: readonly RuntimeName[];
  /** Its own step builds the next input of a rollout from forcings. */
  readonly rebuildsInput?: boolean;
  /** These blocks cut the forward pass too: inference keeps them. */
  readonly blocksInForward?: boolean;
  /** Its processor's edges can be cut into blocks in a forecast (`processor:blocks`). */
  readonly processorBlocks?: boolean;
  /** A compiler makes other kernels of it at other sizes: which products are merged, how its arrays pack. */
  readonly sizesDecideKernels?: boolean;
  /** A batch of several samples reads rows that it has once: its trace has other events than one sample's. */
  readonly samplesShareRows?: boolean;
  /** Its data sets may lie on reduced Gaussian grids. */
  readonly reducedGrids?: boolean;
}

/**
 * What differs between networks of GraphCast's own shape. A code base that states it is cut over several cards (graph, tensor, pipeline),
 * its width enters every shape as one symbol, and its checkpoint calls are handed what PhysicsNeMo's are.
 */
export interface GraphcastShape {
  /** Width of a mesh node's input row. */
  readonly meshNodeInput: Axis;
  /** The decoder declares an update of mesh nodes that nothing reads. */
  readonly declaresMeshNodeUpdate: boolean;
  /** The edge residual is added after the node update, which then sums the messages alone. */
  readonly edgeResidualLast: boolean;
}

/** How its own code cuts one model over several cards (`--parallel model`); what a card runs is its `program` of that recipe. */
export interface ModelParallel {
  /** How, in a report. */
  readonly sharing: string;
  /** To paste. */
  readonly lines: (recipe: Recipe) => readonly CodeLine[];
  /** @throws InputError for what it does not cut */
  readonly check: (recipe: Recipe, model: Model) => void;
  /** Values of a card's symbols; `all`: of the whole graph. */
  readonly dimensions: (config: Pick<Config, 'model' | 'recipe'>, all: Counts, card: number) => Dimensions;
  /** `haloNodes`: rows of other cards that come in one exchange of a layer. */
  readonly nodes: (
    config: Pick<Config, 'model' | 'recipe'>,
    all: Counts,
    card: number,
  ) => { readonly gridNodes: number; readonly meshNodes: number; readonly haloNodes: number };
}

/** One line, or a few, for the user's own code. */
export interface CodeLine {
  /** Where it goes, e.g. `PhysicsNeMo, conf/config.yaml`. */
  readonly where: string;
  readonly text: string;
}

/** By the id of a strategy of `advise`: how the value that a configuration holds is written in this code base. */
export type Lines = Readonly<Record<string, (config: Config) => readonly CodeLine[]>>;

export interface ProcessorCuts {
  /** Segments are what its own configuration takes: they come before `every`. */
  readonly segmentsFirst?: boolean;
  /** Equal for cuts that are the same in its own code. */
  readonly key?: (processor: CheckpointPlan['processor'], model: Model) => string;
  /** A cut that recomputes parts of encoder and decoder too: it costs more than the others, and what they need says nothing of it. */
  readonly reachesFurther?: (processor: CheckpointPlan['processor'], model: Model) => boolean;
}

export type Network = Pick<Model, 'layout' | 'processor' | 'own'>;

/** An option that not every code base has: flag, limits, help and the key below `config.model.own`. */
export interface OwnOption {
  /** The flag, without dashes. */
  readonly name: string;
  readonly key: string;
  readonly value: OptionValue;
  readonly help: string;
  /** Where neither the profile nor the user says it; undefined: that network has no such option. `own`: the options before it. */
  readonly default: OwnValue | ((network: Network) => OwnValue | undefined);
  /** No array of a forecast depends on it. */
  readonly ofTraining?: true;
}

export interface OwnKernel {
  readonly label: string;
  /** Ten times the compute capability, as a card's profile has it. */
  readonly oldestComputeCapability: number;
  /** What runs on older ones. */
  readonly instead: string;
}

export interface HydraGroups {
  readonly shippedGroup: (group: string, option: string) => Tree | undefined;
  readonly compositionSettings: (composition: Composition) => ReadonlyMap<string, Setting>;
}

export interface CodeBase {
  /** As `--export` takes it. */
  readonly name: string;
  /** What is known of the host's memory while its program is compiled: a clause without a full stop, with its source. */
  readonly hostMemory?: string;
  /** What it is installed as, as pip takes it. */
  readonly pythonPackages?: readonly string[];
  /** Its own code asks for CUDA, or its authors say that it runs on NVIDIA's cards: others are not proposed. */
  readonly needsNvidia?: boolean;
  /** A kernel that the model calls by name and that older NVIDIA cards do not run: others are not proposed. */
  readonly ownKernel?: (network: Network) => OwnKernel | undefined;
  /** The networks that it builds, each with its runtimes and the options that not every model has. */
  readonly layouts: Readonly<Record<ModelLayout, Layout>>;
  /** Options that no other code base has. */
  readonly options?: readonly OwnOption[];
  /** How many nodes and edges its graphs have (`graphs.ts`). */
  readonly graph: GraphRules;
  /** What a number of grid rows means here where the kind is not typed. */
  readonly kindOfRows?: KindOfRows;
  /** A kind of grid that only its models bring along. */
  readonly ownGrid?: GridConvention & { readonly kind: GridKind };
  /** One forward pass, or a rollout, as its own source writes it. */
  readonly program: (model: Model, recipe: Recipe, segmentation: Segmentation) => ForwardProgram;
  /** Values of the symbols that its shapes use beside those of every model. */
  readonly dimensions?: (config: Pick<Config, 'model' | 'recipe'>, counts: Counts) => Dimensions;
  /** Values of the row symbols that appear where `edges:blocks` cuts; `base`: all other symbols, of one rank. */
  readonly blockRows?: (config: Pick<Config, 'model' | 'recipe'>, base: Dimensions) => Dimensions;
  /** Whether edges in more blocks compute more: what is made of nodes is made again for each of them. */
  readonly blocksComputeMore?: (model: Model) => boolean;
  /** Samples of its validation, which runs between training steps; absent: not counted. */
  readonly validationBatch?: (model: Model) => number | undefined;
  /** Of networks of GraphCast's shape, which are cut over several cards. */
  readonly graphcastShape?: GraphcastShape;
  /** `--parallel model`: how its own code cuts one model over cards. */
  readonly modelParallel?: ModelParallel;
  /** The part of the model that stage `index` of a pipeline holds. */
  readonly stage?: (
    model: Model,
    recipe: Recipe,
    segmentation: Segmentation,
    index: number,
    numStages: number,
  ) => ForwardProgram;
  /** @throws InputError for a model that its code cannot build */
  readonly checkModel?: (model: Model) => void;
  /** @throws InputError for a plan that its code cannot cut */
  readonly checkPlan?: (plan: CheckpointPlan, model: Model) => void;
  /** What a report says of a model or a recipe that nobody runs so. */
  readonly modelNotes?: (model: Model) => readonly string[];
  /** What its own options say of the network, for the line that says what is priced. */
  readonly modelText?: (model: Pick<Model, 'own'>) => readonly string[];
  readonly recipeNotes?: (recipe: Recipe, model: Model) => readonly string[];
  /** Where cuts of its processor differ from those of a list of layers. */
  readonly processorCuts?: ProcessorCuts;
  /** What to paste, runtime by runtime; a strategy without a line here falls back to the runtime's own. */
  readonly lines?: Readonly<Partial<Record<RuntimeName, Lines>>>;
  /** Its configuration files, read. */
  readonly imports?: {
    /** Loaded when a file is read. */
    readonly load: () => Promise<readonly Importer[]>;
    /** For entry files of Hydra: the groups that its package ships, and how a composition is read. */
    readonly hydra?: () => Promise<HydraGroups>;
    /** In a list of what `--import` reads. */
    readonly what: string;
    /** Files that are no text, by their ending, e.g. `.npz`. */
    readonly readers?: Readonly<Record<string, (file: string, flags: TypedFlags) => Promise<Settings>>>;
  };
  /** Its configuration files, written. */
  readonly exports?: {
    /** Which of its shipped models an export of another code base's model is priced as; absent: it takes its own models only. */
    readonly profile?: (model: Model) => string;
    /** Loaded when it is asked for: it brings a YAML library along. */
    readonly load: () => Promise<Exporter>;
  };
  /** Its checkpoints that `gc-plan grow` carries over to a larger model. */
  readonly checkpoints?: () => Promise<readonly CheckpointLayout[]>;
  /**
   * A Python file whose `step(configuration, note)` builds a step from its own classes, for `verify` in PyTorch
   * (verify/capture/training.py has the loop).
   */
  readonly ownStep?: string;
  /** Values of own options that this step has, whatever the configuration says. */
  readonly ownStepHas?: Model['own'];
  /** What its own classes raise at. */
  readonly refusals?: readonly Refusal[];
}
