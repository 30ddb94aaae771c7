import { orList, shown } from '../../config/nearest.js';
import { InputError } from '../../errors.js';
import { tool } from '../../version.js';
import { ReportCommand } from '../command.js';
import { completionScript, type Shell, shells } from '../completion.js';
import { printFlags } from '../flags.js';

const isShell = (name: string): name is Shell => (shells as readonly string[]).includes(name);

export default class CompletionCommand extends ReportCommand<'gc-plan/completion@1'> {
  static override summary = 'A script that completes commands, flags, models and cards in a shell.';
  static override examples = [
    'gc-plan completion bash >> ~/.bashrc',
    'gc-plan completion zsh >> ~/.zshrc',
    'gc-plan completion fish --output ~/.config/fish/completions/gc-plan.fish',
  ];
  static override args = { shell: { description: 'bash, zsh or fish' } };
  static override flags = printFlags;

  protected readonly report = 'gc-plan/completion@1';

  async run() {
    const { args } = await this.typed();
    const shell = args.shell ?? 'bash';
    if (!isShell(shell))
      throw new InputError('unknown-shell', `${shown(shell)}: must be ${orList(shells)}.`, ['gc-plan completion bash']);
    const script = await completionScript(shell);
    return this.print({ schema: 'gc-plan/completion@1', tool: tool(), shell, script }, 'yes');
  }
}
