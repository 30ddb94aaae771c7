/** `gc-plan verify --doctor`: what is installed, why something is not, and which GPU was found. */
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { z } from 'zod';
import type { RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';
import { codeBases } from '../models/index.js';
import type { Flags } from '../options/typed.js';
import { type Doctor, pythonPackages as packagesSchema } from '../reports/doctor/schema.js';
import { runtimeTraits } from '../runtimes/traits.js';
import { type Backend, type BackendName, backendNames } from '../verify/backends/index.js';
import { installBackend } from '../verify/backends/install.js';
import type { Run } from '../verify/backends/install-step.js';
import { jsFolder, jsInstallCommand } from '../verify/backends/js.js';
import { installCommands, nativeState } from '../verify/backends/native.js';
import { type Ended, runChild } from '../verify/child.js';
import { defaultLedgerFile, readEntries } from '../verify/ledger.js';
import { parseVerifyOptions } from '../verify/options.js';
import { endOf, jsonOf, type ProcessEnd } from '../verify/process.js';
import { runPython } from '../verify/python.js';
import { tool } from '../version.js';

/** Loading TensorFlow takes a second; a card that hangs should not hang the doctor. */
const probeTimeoutMs = 60_000;
/** On a machine with many cards and no persistence daemon it takes seconds; with a driver that hangs it never ends. */
const driverTimeoutMs = 20_000;
const driverAnswer = {
  stdout: { maximumBytes: 65_536, end: 'first' },
  stderr: { maximumBytes: 65_536, end: 'first' },
} as const;

type Finding = Doctor['backends'][number];

export async function doctor(flags: Flags): Promise<Doctor> {
  const { ledger = defaultLedgerFile() } = parseVerifyOptions(flags);
  const backends: Finding[] = [];
  for (const name of backendNames) backends.push(await examine(name));
  return {
    schema: 'gc-plan/doctor@1',
    tool: tool(),
    system: {
      node: process.versions.node,
      platform: process.platform,
      arch: process.arch,
      cpu: cpus()[0]?.model ?? 'unknown',
    },
    backends,
    chosen: backends.find(({ runs }) => runs)?.name ?? 'none',
    ...(await nvidiaGpus()),
    ...(await pythonOf(flags)),
    ledger: { file: ledger ?? 'none: there is no home folder', entries: readEntries(ledger).length },
  };
}

/** `gc-plan verify --install`: then what runs. Throws `InputError` where a step fails, or what came does not run. */
export async function installed(flags: Flags, run: Run): Promise<Doctor> {
  const { install = 'js' } = parseVerifyOptions(flags);
  const folder = await installBackend(install, run);
  const report = await doctor(flags);
  const found = report.backends.find(({ name }) => name === (install === 'js' ? 'js' : 'node'))!;
  if (found.runs) return report;
  throw new InputError('broken-backend', `What was installed does not run: ${found.reason}.`, [
    `It lies in ${folder}.`,
    'gc-plan verify --doctor   says what is there',
  ]);
}

async function examine(name: BackendName): Promise<Finding> {
  const missing = missingPackage(name);
  if (missing !== undefined) return { name, runs: false, ...missing };
  const ended = await runChild({ kind: 'probe', backend: name }, { timeoutMs: probeTimeoutMs });
  const loaded: Backend | undefined = ended.answer?.kind === 'loaded' ? ended.answer.backend : undefined;
  if (loaded !== undefined) return { name, runs: true, version: loaded.version, nextSteps: [] };
  return { name, runs: false, reason: reasonOf(ended), nextSteps: [] };
}

function missingPackage(name: BackendName): Pick<Finding, 'reason' | 'nextSteps'> | undefined {
  if (name === 'js')
    return jsFolder() === undefined
      ? { reason: '@tensorflow/tfjs is not installed', nextSteps: [jsInstallCommand] }
      : undefined;
  const state = nativeState();
  return state.kind === 'missing' ? { reason: state.reason, nextSteps: [...installCommands] } : undefined;
}

function reasonOf({ answer, timedOut, stderr, code, by }: Ended): string {
  if (timedOut) return `it did not load within ${probeTimeoutMs / 1000} s`;
  if (answer !== undefined && 'message' in answer) return answer.message.split('\n')[0]!;
  return stderr.trim().split('\n').at(-1) || `loading it ended with ${by ?? `exit code ${code}`}`;
}

/** What the driver's own tool says, or why it says nothing. */
export async function nvidiaGpus(timeoutMs = driverTimeoutMs): Promise<Pick<Doctor, 'gpus' | 'noGpus'>> {
  const none = (noGpus: string) => ({ gpus: [], noGpus });
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'];
  let end: ProcessEnd;
  try {
    const child = spawn('nvidia-smi', query, { stdio: ['ignore', 'pipe', 'pipe'] });
    end = await endOf(child, { timeoutMs, isGroup: false, kept: driverAnswer });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return none(code === 'ENOENT' ? 'there is no nvidia-smi' : `nvidia-smi cannot be run (${code})`);
  }
  const lines = (text: string) => text.split('\n').filter((line) => line.trim() !== '');
  if (end.timedOut) return none(`nvidia-smi did not answer within ${timeoutMs / 1000} s: its driver hangs`);
  // It writes its errors to stdout.
  const said = lines(`${end.stdout}\n${end.stderr}`)[0] ?? `it ended with ${end.by ?? `exit code ${end.code}`}`;
  if (end.code !== 0) return none(`nvidia-smi finds no card: ${said}`);
  const gpus = lines(end.stdout).map((line) => {
    const [name = '', memory = '', driver = ''] = line.split(', ');
    return { name, memory, driver };
  });
  return gpus.length > 0 ? { gpus } : none('nvidia-smi lists no card');
}

/** Of `importlib.metadata`, which imports none of them. */
const askVersions = `
import importlib.metadata, json, platform, sys
def version(name):
  try:
    return {"version": importlib.metadata.version(name)}
  except importlib.metadata.PackageNotFoundError:
    return {}
print(json.dumps({"version": platform.python_version(), "packages": [{"name": name, **version(name)} for name in sys.argv[1:]]}))
`;

const versionsSchema = z.strictObject({ version: z.string(), packages: packagesSchema });

/** Which packages a step asks for depends on the model: its own verification names them in one line. */
const nextStepsOf = (
  packages: z.infer<typeof packagesSchema>,
  runtime: RuntimeName,
): Pick<NonNullable<Doctor['python']>, 'nextSteps'> =>
  packages.every(({ version }) => version !== undefined)
    ? {}
    : {
        nextSteps: [`gc-plan verify MODEL --runtime ${runtime}   names the line that installs what its step asks for`],
      };

/** What the runtime's verification asks of the user's Python, where one was typed that does. */
async function pythonOf(flags: Flags): Promise<Pick<Doctor, 'python'>> {
  const runtime = flags.runtime as RuntimeName;
  const { pythonPackages } = runtimeTraits[runtime] ?? {};
  if (pythonPackages === undefined) return {};
  const own = codeBases().filter(({ layouts }) => Object.values(layouts).some(({ home }) => home === runtime));
  const names = [...pythonPackages, ...own.flatMap((codeBase) => codeBase.pythonPackages ?? [])];
  const { python: path = 'python3' } = parseVerifyOptions(flags);
  try {
    const script = {
      args: ['-c', askVersions, ...names],
      kept: driverAnswer,
      nextStep: 'verify --python PATH',
    };
    const { stdout, stderr, code } = await runPython(script, { python: path, timeoutMs: probeTimeoutMs });
    const answer = versionsSchema.safeParse(jsonOf(stdout));
    if (answer.success) return { python: { path, ...answer.data, ...nextStepsOf(answer.data.packages, runtime) } };
    if (code === 0) return { python: { path, packages: [], reason: 'it does not answer as Python does' } };
    return { python: { path, packages: [], reason: stderr.trim().split('\n').at(-1) || `it ended with ${code}` } };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { python: { path, packages: [], reason: error.message } };
  }
}
