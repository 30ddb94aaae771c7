import type { RuntimeName } from '../../config/types.js';
import { runtimeTraits } from '../../runtimes/traits.js';
import type { Run } from '../../verify/backends/install-step.js';
import { verifyOptions } from '../../verify/options.js';
import { ReportCommand } from '../command.js';
import { configurationFlags, flagsOf, modelArgument } from '../flags.js';
import type { Io } from '../io.js';
import { stepsBar } from '../progress.js';

type Report =
  | 'gc-plan/verify@1'
  | 'gc-plan/verify-plan@1'
  | 'gc-plan/ladder@1'
  | 'gc-plan/measured@1'
  | 'gc-plan/doctor@1';

interface Typed {
  readonly model: string | undefined;
  readonly flags: Readonly<Record<string, string | boolean>>;
}

/** A step of an installation takes half a minute: a person sees which. */
const installing = ({ stderr, signal }: Io): Run => ({
  signal,
  tell: (what) => stderr.write(`gc-plan: ${what}\n`),
});

export default class VerifyCommand extends ReportCommand<Report> {
  static override summary = 'Runs real training steps and compares them with the estimate, byte by byte.';
  static override examples = [
    'gc-plan verify',
    'gc-plan verify tiny --hidden-dim 64 --layers 8 --tape lean --checkpoint processor:every=2',
    'gc-plan verify --ladder --format svg --output ladder.svg',
    'gc-plan verify --plan --from 16/2 --to 32/4 --format html --output plan.html',
    'gc-plan verify physicsnemo-graphcast --measured numbers.jsonl',
    'gc-plan verify graphcast-small --runtime jax --gpu a100-80gb --python ~/graphcast/bin/python',
    'gc-plan verify neural-lam --runtime pytorch --python ~/venv/bin/python --grid 46x90 --mesh-level 3',
    'gc-plan verify --doctor',
    'gc-plan verify --install js',
  ];
  static override args = modelArgument;
  static override flags = { ...flagsOf(verifyOptions), ...configurationFlags };

  /** It depends on what verifies. */
  protected override readonly standInModel = undefined;

  /** Read before the flags are parsed: an error that they cause is printed in this report's formats. */
  protected get report(): Report {
    const has = (flag: string) => this.argv.some((token) => token === flag || token.startsWith(`${flag}=`));
    if (has('--doctor') || has('--install')) return 'gc-plan/doctor@1';
    if (has('--plan')) return 'gc-plan/verify-plan@1';
    if (has('--measured') || this.compiles) return 'gc-plan/measured@1';
    return has('--ladder') ? 'gc-plan/ladder@1' : 'gc-plan/verify@1';
  }

  /** A runtime whose steps are compiled, not run. */
  private get compiles(): boolean {
    return this.isVerifiedBy('a compiler');
  }

  private isVerifiedBy(how: (typeof runtimeTraits)[RuntimeName]['verifiedBy']): boolean {
    const typed = this.argv.map((token, i) =>
      this.argv[i - 1] === '--runtime' ? token : (/^--runtime=(.*)$/.exec(token)?.[1] ?? ''),
    );
    return typed.some((name) => runtimeTraits[name as RuntimeName]?.verifiedBy === how);
  }

  private async service({ plan, ladder }: Typed['flags']) {
    if (plan) return (await import('../../services/verify-plan.js')).verifyPlan;
    return ladder
      ? (await import('../../services/ladder.js')).ladder
      : (await import('../../services/verify.js')).verify;
  }

  async run() {
    const { args, flags } = await this.typed();
    const input = { model: args.model, flags };
    if (flags.install !== undefined) {
      const { installed } = await import('../../services/doctor.js');
      return this.print(await installed(flags, installing(this.io)), 'yes');
    }
    if (flags.doctor) {
      const { doctor } = await import('../../services/doctor.js');
      return this.print(await doctor(flags), 'yes');
    }
    const report = (flags.plan ? undefined : await this.ranElsewhere(input)) ?? (await this.trained(input));
    return this.print(report, report.verdict.kind === 'within' ? 'yes' : 'no');
  }

  /** A step that a framework of the user's ran, compiled or captured; nothing where TensorFlow.js is to train. */
  private async ranElsewhere(input: Typed) {
    const { signal } = this.io;
    if (input.flags.measured !== undefined) return (await import('../../services/measured.js')).measured(input);
    if (this.compiles) return (await import('../../services/measured.js')).compiled(input, signal);
    if (!this.isVerifiedBy('a capture') || input.flags.ladder) return undefined;
    return (await import('../../services/verify-captured.js')).verifyCaptured(input, signal);
  }

  private async trained(input: Typed) {
    const { show, onRung, stop } = await stepsBar(this.io);
    const watching = { signal: this.io.signal, onProgress: show, onRung };
    return (await this.service(input.flags))(input, watching).finally(stop);
  }
}
