/** How a training step ends: its gradients meet those of other cards, are clipped by their global norm, and update the parameters. */
import type { Config, Recipe } from '../../config/types.js';
import type { ForwardProgram } from '../../ir/forward-program.js';
import { constant } from '../../ir/shape.js';
import type { ValueId } from '../../ir/types.js';
import { combined, inOrderOfNames } from './all-reduce.js';
import { allReduceSeconds } from './all-reduce-time.js';
import { globalNorm } from './global-norm.js';
import type { ParameterGradient } from './gradients.js';
import type { BufferId } from './kernel.js';
import { bytesIn } from './kernel-times.js';
import { meets } from './latency-hiding.js';
import { isConditioned, type Lowering } from './lowering.js';
import type { Sizes } from './sizes.js';

const f32 = 4;

/** Without an optimizer the gradients are results, those of what nothing uses too. */
export const returnsGradients = (program: ForwardProgram, { mode, optimizer }: Recipe): boolean =>
  mode === 'train' && optimizer === 'none' && !isConditioned(program);

const buffersIn = (gradients: readonly ParameterGradient[]): BufferId[] => [
  ...new Set(gradients.map(({ gradient }) => gradient)),
];

export class Ending {
  private readonly results: ReadonlyMap<ValueId, BufferId>;
  private numAllReduces = 0;

  constructor(
    private readonly program: ForwardProgram,
    private readonly config: Config,
    private readonly lowering: Lowering,
    private readonly sizes: Sizes,
  ) {
    const returned = this.returns ? program.parameters : [];
    const result = (value: ValueId) => lowering.schedule.output(program.values[value]!.shape, f32, 'gradient');
    this.results = new Map(returned.map(({ value }) => [value, result(value)]));
  }

  /** `losses`: what is averaged with the gradients. */
  met(ofCard: readonly ParameterGradient[], losses: readonly BufferId[]): readonly ParameterGradient[] {
    return meets(this.config) && !isConditioned(this.program) ? this.allReduce(ofCard, losses) : ofCard;
  }

  /** Clipping by the global norm reads all gradients before the first update. */
  apply(gradients: readonly ParameterGradient[]): void {
    const { schedule } = this.lowering;
    if (this.returns) {
      schedule.within({ phase: 'backward', module: 'optimizer' }, () => {
        for (const gradient of gradients) this.toResult(gradient);
      });
      return;
    }
    schedule.within({ phase: 'optimizer', module: 'optimizer' }, () => {
      const read = this.clipped(gradients);
      schedule.run(`update parameters with ${this.config.recipe.optimizer}`, read);
    });
  }

  private get returns(): boolean {
    return returnsGradients(this.program, this.config.recipe);
  }

  private toResult({ id, gradient }: ParameterGradient): void {
    const name = `gradient of ${this.program.values[id]!.name}, a result`;
    const bytesRead = f32 * this.numbersOf(id);
    this.lowering.schedule.run(name, [gradient], [this.results.get(id)!], undefined, bytesRead);
  }

  /** Where one all-reduce waits for another, what reads them decides which of them ends last. */
  private clipped(gradients: readonly ParameterGradient[]): readonly BufferId[] {
    const { schedule, isOrdered } = this.lowering;
    if (!isOrdered || this.numAllReduces <= 1) {
      schedule.run('global norm', buffersIn(gradients));
      return buffersIn(gradients);
    }
    const { values } = this.program;
    const named = gradients.map(({ id, gradient }) => {
      const { name, shape } = values[id]!;
      return { id, gradient, name, shape, numbers: this.numbersOf(id) };
    });
    const { cut, norm } = globalNorm(inOrderOfNames(named), schedule);
    return [...cut, norm];
  }

  /** An all-reduce overwrites what was joined for it; those that are complete first come first. */
  private allReduce(
    gradients: readonly ParameterGradient[],
    losses: readonly BufferId[],
  ): readonly ParameterGradient[] {
    const { schedule } = this.lowering;
    const sent = gradients.map(({ id, gradient }, madeAt) => {
      return { id, gradient, madeAt, name: this.program.values[id]!.name, bytes: f32 * this.numbersOf(id) };
    });
    const last = (group: readonly { readonly madeAt: number }[]) => Math.max(...group.map(({ madeAt }) => madeAt));
    const groups = combined(sent, !this.returns).toSorted((a, b) => last(a) - last(b));
    this.numAllReduces = groups.length;
    return schedule.within({ phase: 'backward', module: 'optimizer' }, () =>
      groups.flatMap((group) => {
        const sentWith = group === groups.at(-1) ? losses : [];
        const numbers = group.reduce((sum, { bytes }) => sum + bytes / f32, sentWith.length);
        const joined = schedule.buffer([constant(numbers)], f32, 'gradient');
        const latency = bytesIn(allReduceSeconds(numbers, this.config.recipe.gpus));
        schedule.run(
          'join gradients',
          [...sentWith, ...buffersIn(inOrderOfNames(group).toReversed())],
          [joined],
          'join',
        );
        schedule.run('all-reduce', [joined], [], 'start');
        schedule.run('end of the all-reduce', [joined], [joined], 'end', latency);
        return group.map(({ id }) => ({ id, gradient: joined }));
      }),
    );
  }

  private numbersOf(id: ValueId): number {
    return this.sizes.exactly(this.program.values[id]!.shape);
  }
}
