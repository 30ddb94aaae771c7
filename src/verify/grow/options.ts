/** The options of `gc-plan grow`. */
import { InputError } from '../../errors.js';
import type { Target } from '../../models/growing/plan.js';
import { integer, type OwnOption, text } from '../../options/definitions/definition.js';
import { parseOption } from '../../options/option-values.js';
import type { Flags } from '../../options/typed.js';

const hiddenDim: OwnOption = {
  name: 'hidden-dim',
  syntax: 'N',
  value: integer(1, 65_536, '512'),
  help: 'Width of the larger model; the checkpoint’s own by default.',
};
const layers: OwnOption = {
  name: 'layers',
  syntax: 'N',
  value: integer(1, 1_024, '16'),
  help: 'Processor layers of the larger model; the checkpoint’s own by default.',
};
const heads: OwnOption = {
  name: 'heads',
  syntax: 'N',
  value: integer(1, 1_024, '16'),
  help: 'Attention heads of the checkpoint, which its arrays do not say; 16 by default. They stay as many.',
};
const python: OwnOption = {
  name: 'python',
  syntax: 'PATH',
  value: text('python3'),
  help: 'The Python that reads and writes the files: NumPy for .npz, else torch; python3 by default.',
};
const timeout: OwnOption = {
  name: 'timeout',
  syntax: 'SECONDS',
  value: integer(1, 1_000_000, '600'),
  help: 'How long reading or writing may take, 600 by default.',
};

export const growOptions = [hiddenDim, layers, heads, python, timeout];

export interface GrowOptions {
  readonly source: string;
  readonly target: string;
  readonly size: Target;
  readonly python: string;
  readonly timeoutMs: number;
}

const example = 'gc-plan grow params.npz grown.npz --hidden-dim 512 --layers 16';

/** @throws InputError where a file or the size is missing, or an option is wrong. */
export function parseGrow(source: string | undefined, target: string | undefined, flags: Flags): GrowOptions {
  if (source === undefined || target === undefined)
    throw new InputError('missing-argument', 'grow needs two files: the checkpoint, and the one to write.', [example]);
  const typed = <Value>(option: OwnOption): Value | undefined => {
    const value = flags[option.name];
    return value === undefined ? undefined : (parseOption(option, value) as Value);
  };
  const size = { hiddenDim: typed<number>(hiddenDim), layers: typed<number>(layers), heads: typed<number>(heads) };
  if (size.hiddenDim === undefined && size.layers === undefined)
    throw new InputError('missing-size', 'grow needs the size of the larger model.', [
      '--hidden-dim 512',
      '--layers 16',
      example,
    ]);
  return {
    source,
    target,
    size: Object.fromEntries(Object.entries(size).filter(([, value]) => value !== undefined)),
    python: typed<string>(python) ?? 'python3',
    timeoutMs: 1000 * (typed<number>(timeout) ?? 600),
  };
}
