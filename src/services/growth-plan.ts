/** The progressive plan of a sweep alone, on one card: what the page shows without searching a whole space. */
import { loadProfile } from '../options/resolve.js';
import type { Flags } from '../options/typed.js';
import type { Sweep } from '../reports/sweep/schema.js';
import { cardChoices } from '../search/cards.js';
import { commandLine } from '../search/command-line.js';
import { loadSpace } from '../search/spaces.js';
import { UnsizedSteps } from '../search/unsized-step.js';
import { errorBars } from './accuracy.js';
import { priced } from './priced.js';
import { planOn } from './sweep-plan.js';
import { planReport } from './sweep-report.js';

export interface GrowthPlanInput {
  readonly model?: string | undefined;
  readonly flags: Flags;
  /** Hidden dimension and layers: `256/8`. */
  readonly from: string;
  readonly to: string;
}

export type GrowthPlan = Pick<Sweep['plan'], 'stages' | 'firstStageThatNeedsMore'> & {
  /** The sweep that has the same plan. */
  readonly command: string;
};

/** @throws InputError where no card is named, or the model cannot be so */
export async function growthPlan({ model, flags, from, to }: GrowthPlanInput): Promise<GrowthPlan> {
  const { 'hidden-dim': _, layers: __, ...others } = flags;
  const { options } = await loadSpace('default');
  const profile = await loadProfile({ model, flags: others });
  const mode = others.mode === 'inference' ? 'inference' : 'train';
  const steps = new UnsizedSteps();
  const bars = errorBars(profile.model.layout, mode);
  const [card] = cardChoices(others, undefined);
  const { space, plan } = planOn(card!, profile, options, { flags: others, from, to }, bars, steps);
  const stages = plan.stages.map(({ candidate }) => priced(candidate.config, candidate.unsizedStep));
  const needsMore = plan.firstStageThatNeedsMore && priced(plan.firstStageThatNeedsMore.leanest.config);
  const report = planReport(model, space, plan, stages, needsMore);
  return { ...report, command: `${commandLine('sweep', model, others)} --from ${from} --to ${to}` };
}
