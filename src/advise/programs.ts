/** Forward programs that a search has made: plans, passes, optimizers and FLOPs ask for the same ones. */
import type { Config } from '../config/types.js';
import type { ForwardProgram } from '../ir/forward-program.js';
import { programOf, runtimes } from '../parallel/index.js';
import { isParallel } from '../parallel/ranks.js';

/** About 3 MB of programs, some of 16 layers among them: what lives longer is copied by the collector of garbage. */
const maxKeptValues = 8_000;

/** Those asked for last. */
export class Programs {
  private readonly known = new Map<string, ForwardProgram>();
  private numValues = 0;

  of(config: Config): ForwardProgram {
    const key = programKey(config);
    const known = this.known.get(key);
    if (known !== undefined) {
      this.known.delete(key);
      this.known.set(key, known);
      return known;
    }
    const program = programOf(config);
    this.known.set(key, program);
    this.numValues += program.values.length;
    for (const [oldest, { values }] of this.known) {
      if (this.numValues <= maxKeptValues) break;
      this.known.delete(oldest);
      this.numValues -= values.length;
    }
    return program;
  }

  /** Not kept: of a plan that is mostly ruled out with it. */
  once(config: Config): ForwardProgram {
    return this.known.get(programKey(config)) ?? programOf(config);
  }
}

/** On one card. */
export function withSamePasses(config: Config): Config {
  const recipe = runtimes[config.runtime].search.samePasses?.(config.recipe) ?? config.recipe;
  return recipe === config.recipe || isParallel(config) ? config : { ...config, recipe };
}

/** Equal keys: equal programs. The optimizer, micro-steps, a tape, and where arrays lie are no part of a forward program. */
function programKey(config: Config): string {
  const { model, runtime, recipe } = withSamePasses(config);
  const { optimizer, accumulate, tape, offload, allocator, memFraction, checkpoint, ...rules } = recipe;
  return JSON.stringify([runtime, model, rules, runtimes[runtime].segment(config)]);
}
