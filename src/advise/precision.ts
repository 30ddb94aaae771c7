import { valuesByRuntime } from '../config/capabilities.js';
import type { Config, Precision, Recipe } from '../config/types.js';
import { madeToRun } from '../models/refusals.js';
import type { CodeLine, Strategy } from './types.js';

const amp = (dtype: string): string => `with torch.autocast("cuda", dtype=torch.${dtype}):`;

/** anemoi and neural-lam pass it to Lightning's Trainer (`precision`). */
const lightning: Readonly<Record<Precision, string>> = {
  fp32: '32',
  bf16: 'bf16-mixed',
  fp16: '16-mixed',
  'bf16-full': 'bf16-true',
};

/** Keys of examples/weather/graphcast/conf/config.yaml (94b3551). Its amp_dtype accepts no bfloat16 although the file names it. */
const physicsnemo: Readonly<Record<Precision, readonly CodeLine[]>> = {
  fp32: [{ where: 'PhysicsNeMo, conf/config.yaml', text: 'amp: false\nfull_bf16: false' }],
  bf16: [{ where: 'PhysicsNeMo, train_graphcast.py, around the forward pass', text: amp('bfloat16') }],
  fp16: [{ where: 'PhysicsNeMo, conf/config.yaml', text: 'amp: true\namp_dtype: float16\nfull_bf16: false' }],
  'bf16-full': [{ where: 'PhysicsNeMo, conf/config.yaml', text: 'amp: false\nfull_bf16: true' }],
};

function code({ model, runtime, recipe: { precision } }: Config): readonly CodeLine[] {
  if (runtime === 'jax')
    return [
      {
        where: 'GraphCast, where the predictor is built',
        text: `casting.Bfloat16Cast(predictor, enabled=${precision === 'bf16' ? 'True' : 'False'})`,
      },
    ];
  switch (model.layout) {
    case 'physicsnemo':
      return physicsnemo[precision];
    case 'anemoi-gnn':
    case 'anemoi-graphtransformer':
      return [{ where: 'anemoi, training config', text: `training.precision: ${lightning[precision]}` }];
    case 'neural-lam':
      return [{ where: 'neural-lam, command line', text: `--precision ${lightning[precision]}` }];
    default:
      return [{ where: 'PyTorch', text: inPyTorch(precision) }];
  }
}

function inPyTorch(precision: Precision): string {
  switch (precision) {
    case 'fp32':
      return 'torch.autocast("cuda", enabled=False)';
    case 'bf16':
      return amp('bfloat16');
    case 'fp16':
      return `scaler = torch.amp.GradScaler()\n${amp('float16')}`;
    case 'bf16-full':
      return 'model.to(torch.bfloat16)';
  }
}

/** With what the code base does not run in it, e.g. PhysicsNeMo's recompute_activation under autocast. */
function inPrecision(value: Precision, config: Config): Partial<Recipe> {
  const recipe = { ...config.recipe, precision: value };
  const { recomputeActivation } = madeToRun({ ...config, recipe }, ['precision']);
  return { precision: value, ...(recomputeActivation !== recipe.recomputeActivation && { recomputeActivation }) };
}

export const precision: Strategy = {
  id: 'precision',
  touches: 'step',
  describe: 'Holds activations, and with bf16-full everything, in 16 bits.',
  cost: 'Rounding to 8 (bf16) or 11 (fp16) significant bits; fp16 needs loss scaling.',
  numerics: 'rounding',
  changes: (config) =>
    valuesByRuntime.precision[config.runtime]
      .filter((value) => value !== config.recipe.precision)
      .map((value) => ({ recipe: inPrecision(value, config) })),
  code,
};
