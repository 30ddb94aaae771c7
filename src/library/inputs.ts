/** What each function of the library takes. */
import type { FlagLists, FlagValues } from '../options/definitions/flags.js';
import type { Explanation } from '../reports/explain/schema.js';
import type { frontOrders } from '../search/pareto.js';
import type { Solvable } from '../search/solve-values.js';

/** A model profile's name, or a file (with a slash, or ending in .json); or `flags.import`. Something must be said. */
export interface EstimateInput {
  readonly model?: string | undefined;
  readonly flags?: FlagValues | undefined;
}
export type AdviseInput = EstimateInput;

export interface SolveInput extends EstimateInput {
  /** The option whose largest value that fits is wanted (resolution: the finest; gpus: the fewest). */
  readonly for: Solvable;
}

export interface CardsInput extends EstimateInput {
  /** A file of prices per hour by card, instead of the list prices that ship. */
  readonly prices?: string | undefined;
}

export interface CompareInput extends EstimateInput {
  /** The second model, where it is another one. */
  readonly other?: string | undefined;
  /** Flags of the second configuration alone. */
  readonly changes?: FlagValues | undefined;
}

interface Explained {
  /** What the timeline is stacked by; `category` by default. */
  readonly by?: Explanation['by'] | undefined;
  /** How many arrays to list, 10 by default. */
  readonly top?: number | undefined;
  /** A file to write the step to, as a PyTorch memory snapshot. */
  readonly snapshot?: string | undefined;
  /** A file to write the step to, as a Chrome trace. */
  readonly perfetto?: string | undefined;
}
export type ExplainInput = EstimateInput & Explained;

export interface SweepInput {
  readonly model?: string | undefined;
  readonly flags?: FlagLists | undefined;
  /** The lists of what `flags` leaves open: a shipped space or a file. */
  readonly space?: string | undefined;
  /** Where the progressive plan starts and ends: hidden dimension and layers, `256/8`. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Samples of one optimizer step, the same in every stage of the plan. */
  readonly globalBatch?: number | undefined;
  readonly limits?:
    | {
        /** `batch>=2 and layers<=12` */
        readonly require?: string | undefined;
        readonly maxParameters?: number | undefined;
        /** FLOPs per sample ÷ those of the model as it ships. */
        readonly maxStepCost?: number | undefined;
      }
    | undefined;
  /** A file of prices per hour by card. */
  readonly prices?: string | undefined;
  /** Entries of the front that are listed, 10 by default; `Infinity` for all. */
  readonly top?: number | undefined;
  readonly order?: (typeof frontOrders)[number] | undefined;
  readonly exportTo?: string | undefined;
  readonly numWorkers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** After an interruption: report what there is instead of throwing. */
  readonly partial?: boolean | undefined;
  readonly onProgress?: ((numDone: number, numInAll: number) => void) | undefined;
}

export interface CheckInput {
  /** gc-plan.json, gc-plan.yaml or gc-plan.yml of the current folder by default. */
  readonly planFile?: string | undefined;
  /** `2%`; wins over the plan's. */
  readonly maxGrowth?: string | undefined;
  readonly updateBaseline?: boolean | undefined;
}

export interface InitInput {
  readonly gpu?: string | undefined;
  readonly file?: string | undefined;
  readonly force?: boolean | undefined;
}

export interface VerifyInput {
  readonly model?: string | undefined;
  readonly flags?:
    | (FlagValues & {
        readonly backend?: string | undefined;
        readonly steps?: number | undefined;
        readonly tolerance?: string | number | undefined;
        readonly timeout?: number | undefined;
        readonly ledger?: string | undefined;
      })
    | undefined;
}

export interface Watching {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((numDone: number, numInAll: number) => void) | undefined;
}

export interface TraceInput {
  /** A file that `capture` wrote. */
  readonly trace: string;
  /** What a step leaves open once it is recorded: `gpu`, `vram`, `architecture`, `reserve`, `allow-tight`, `allocator`. */
  readonly flags?: FlagValues | undefined;
}

export interface CardsTraceInput extends TraceInput {
  readonly prices?: string | undefined;
}

export type ExplainTraceInput = TraceInput & Explained;

export interface CompareTracesInput extends TraceInput {
  /** The second trace, where it is another one. */
  readonly other?: string | undefined;
  /** Flags of the second alone. */
  readonly changes?: FlagValues | undefined;
}

export interface CaptureInput {
  /** `train.py:make_step` */
  readonly step: string;
  readonly python?: string | undefined;
  /** Where the trace goes, FUNCTION.trace.gz by default. */
  readonly trace?: string | undefined;
  /** Seconds, 600 by default. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
