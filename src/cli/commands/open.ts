import { spawn } from 'node:child_process';
import { ReportCommand } from '../command.js';
import { configurationFlags, modelArgument, traceFlag } from '../flags.js';
import type { Io } from '../io.js';

export default class OpenCommand extends ReportCommand<'gc-plan/open@1'> {
  static override summary = 'The page of an estimate, to move sliders in, on a port of this machine.';
  static override examples = [
    'gc-plan open',
    'gc-plan open graphcast-small --gpu rtx-4090',
    'gc-plan open --import conf/config.yaml --vram 24GB',
    'gc-plan open --trace step.trace.gz --gpu t4',
  ];
  static override args = modelArgument;
  static override flags = { ...traceFlag, ...configurationFlags };

  protected readonly report = 'gc-plan/open@1';

  async run() {
    const { args, flags } = await this.typed();
    const { open } = await import('../../services/open.js');
    const { trace, ...rest } = flags;
    const traceFile = trace === undefined ? undefined : String(trace);
    const { report, close } = await open({ model: args.model, flags: rest, traceFile });
    try {
      this.print(report, 'yes');
      if (this.isForAPerson && canShowWindows(this.io.env)) openBrowser(report.url);
      await this.io.untilInterrupted?.();
    } finally {
      await close();
    }
    return report;
  }
}

/** A machine that is reached by ssh alone has no windows. */
const canShowWindows = ({ DISPLAY, WAYLAND_DISPLAY, SSH_CONNECTION }: Io['env']): boolean =>
  process.platform === 'linux' ? Boolean(DISPLAY || WAYLAND_DISPLAY) : !SSH_CONNECTION;

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** The address stands on the screen in any case. */
function openBrowser(url: string): void {
  const [program, ...before] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...before, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
