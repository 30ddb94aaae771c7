/** `gc-plan verify --doctor`: what is installed, why something is not, and which GPU was found. */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import type { Flags } from '../options/typed.js';
import type { Doctor } from '../report/schemas/doctor.js';
import { type Backend, type BackendName, backendNames } from '../verify/backends/index.js';
import { installCommands, nativeState } from '../verify/backends/native.js';
import { type Ended, runChild } from '../verify/child.js';
import { defaultLedgerFile, readEntries } from '../verify/ledger.js';
import { parseVerifyOptions } from '../verify/options.js';
import { tool } from '../version.js';

/** Loading TensorFlow takes a second; a card that hangs should not hang the doctor. */
const probeTimeoutMs = 60_000;

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
    chosen: backends.find(({ runs }) => runs)?.name ?? 'js',
    gpus: nvidiaGpus(),
    ledger: { file: ledger ?? 'none: there is no home folder', entries: readEntries(ledger).length },
  };
}

async function examine(name: BackendName): Promise<Finding> {
  const state = nativeState();
  if (name !== 'js' && state.kind === 'missing')
    return { name, runs: false, reason: state.reason, nextSteps: [...installCommands] };
  const ended = await runChild({ kind: 'probe', backend: name }, { timeoutMs: probeTimeoutMs });
  const loaded: Backend | undefined = ended.answer?.kind === 'loaded' ? ended.answer.backend : undefined;
  if (loaded !== undefined) return { name, runs: true, version: loaded.version, nextSteps: [] };
  return { name, runs: false, reason: reasonOf(ended), nextSteps: [] };
}

function reasonOf({ answer, timedOut, stderr, code, by }: Ended): string {
  if (timedOut) return `it did not load within ${probeTimeoutMs / 1000} s`;
  if (answer !== undefined && 'message' in answer) return answer.message.split('\n')[0]!;
  return stderr.trim().split('\n').at(-1) || `loading it ended with ${by ?? `exit code ${code}`}`;
}

/** What the driver's own tool says; none where it is not installed. */
function nvidiaGpus(): Doctor['gpus'] {
  const { status, stdout } = spawnSync(
    'nvidia-smi',
    ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'],
    { encoding: 'utf8' },
  );
  if (status !== 0) return [];
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', memory = '', driver = ''] = line.split(', ');
      return { name, memory, driver };
    });
}
