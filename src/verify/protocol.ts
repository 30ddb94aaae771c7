/** What the measuring process and its parent say to each other. */
import type { Config } from '../config/types.js';
import type { Backend, BackendChoice } from './backends/index.js';
import type { StepMeasurement } from './meter.js';
import type { StageMeasurement } from './stages.js';

export interface Job {
  readonly kind: 'steps';
  readonly config: Config;
  readonly backend: BackendChoice;
  /** At least 2: the first step makes the optimizer's state, the last one is measured. */
  readonly numSteps: number;
}

/** Trains stages of a growing model, each from the last one's parameters. */
export interface StagesJob {
  readonly kind: 'stages';
  readonly configs: readonly Config[];
  readonly backend: BackendChoice;
  /** Of each stage, at least 2. */
  readonly numSteps: number;
}

/** Only loads the backend. */
export interface Probe {
  readonly kind: 'probe';
  readonly backend: BackendChoice;
}

export interface Measurement {
  readonly backend: Backend;
  readonly parameterBytes: number;
  readonly step: StepMeasurement;
  readonly losses: readonly number[];
  /** Median of the steps between the first and the measured one; absent where there are none. */
  readonly stepTimeMs?: number;
  /** What the process held at the worst moment of the measured step, beyond what it held without any array. Linux only. */
  readonly residentBytes?: number;
}

export type Phase = 'loading' | 'building' | 'forward' | 'backward' | 'optimizer';

export type FromWorker =
  | {
      readonly kind: 'progress';
      readonly step: number;
      readonly numSteps: number;
      readonly phase: Phase;
      /** From 1; absent where there is one configuration. */
      readonly stage?: number;
    }
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'trained'; readonly backend: Backend; readonly stages: readonly StageMeasurement[] }
  | { readonly kind: 'loaded'; readonly backend: Backend }
  | {
      readonly kind: 'input-error';
      readonly code: string;
      readonly message: string;
      readonly nextSteps: readonly string[];
    }
  | { readonly kind: 'out-of-memory'; readonly message: string }
  | { readonly kind: 'bug'; readonly message: string };
