/** What the page and its worker say to each other. */
import type { Question } from '../options/address.js';
import type { GrowthPlan } from '../services/growth-plan.js';
import type { Answer, Catalogue, Cell, changes } from './engine.js';

export type Request =
  | { readonly kind: 'catalogue' }
  | { readonly kind: 'answer'; readonly question: Question }
  | { readonly kind: 'changes' | 'plan'; readonly question: Question }
  | { readonly kind: 'cell'; readonly question: Question; readonly hiddenDim: number; readonly layers: number }
  | { readonly kind: 'files'; readonly files: Readonly<Record<string, Uint8Array>> };

export interface Replies {
  readonly catalogue: Catalogue;
  readonly answer: Answer;
  readonly changes: Awaited<ReturnType<typeof changes>>;
  readonly plan: GrowthPlan;
  readonly cell: Cell;
  readonly files: null;
}

/** An `InputError`, or our bug. */
export interface Refused {
  readonly code: string;
  readonly message: string;
  readonly nextSteps: readonly string[];
}

export type Reply =
  | { readonly id: number; readonly value: Replies[keyof Replies] }
  | { readonly id: number; readonly refused: Refused };
