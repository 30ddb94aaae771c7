import { captureOptions } from '../../verify/capture/options.js';
import { ReportCommand } from '../command.js';
import { flagsOf, printFlags } from '../flags.js';

export default class CaptureCommand extends ReportCommand<'gc-plan/capture@1'> {
  static override summary =
    'Records a training step of your own PyTorch or JAX code, without a GPU; --trace FILE then asks about it.';
  static override examples = [
    'gc-plan capture train.py:make_step',
    'gc-plan capture --python ~/venv/bin/python train.py:make_step --trace step.trace.gz',
    'gc-plan capture --runtime jax --python ~/venv/bin/python train.py:make_step --gpu h100-80gb',
    'gc-plan capture --python ~/venv/bin/python tests/steps.py:fine_tuning --timeout 1800 --json',
  ];
  static override args = {
    step: {
      description:
        'FILE.py:FUNCTION; the function returns a step, or (model, optimizer, batch, loss); in JAX (step, arguments)',
    },
  };
  static override flags = { ...flagsOf(captureOptions), ...printFlags };

  protected readonly report = 'gc-plan/capture@1';

  async run() {
    const { args, flags } = await this.typed();
    const { capture } = await import('../../services/capture.js');
    const report = await capture({ step: args.step, flags, signal: this.io.signal });
    return this.print(report, report.unseen.length === 0 ? 'yes' : 'no');
  }
}
