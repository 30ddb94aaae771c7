/** How long a person waits: a new process per command, next to an empty one. `npm run bench`, after `npm run build`. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const gcPlan = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const runs = 15;

function medianMs(args) {
  const times = Array.from({ length: runs }, () => {
    const start = process.hrtime.bigint();
    const { status, stderr } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    if (status !== 0) throw new Error(`${args.join(' ')} exited ${status}: ${stderr}`);
    return Number(process.hrtime.bigint() - start) / 1e6;
  }).sort((a, b) => a - b);
  return times[Math.floor(runs / 2)];
}

const commands = {
  'node -e 0': ['-e', '0'],
  'gc-plan --version': [gcPlan, '--version'],
  'gc-plan estimate --json': [gcPlan, 'estimate', '--runtime', 'pytorch', '--json'],
  'gc-plan estimate --gpu a100-40gb': [gcPlan, 'estimate', '--runtime', 'pytorch', '--gpu', 'a100-40gb'],
  'gc-plan estimate graphcast --json': [gcPlan, 'estimate', 'graphcast', '--runtime', 'pytorch', '--json'],
};

medianMs(commands['node -e 0']);
const emptyMs = medianMs(commands['node -e 0']);
console.log(`A new process, median of ${runs}:`);
for (const [name, args] of Object.entries(commands)) {
  const ms = medianMs(args);
  console.log(`  ${name.padEnd(34)} ${ms.toFixed(0).padStart(5)} ms  ${(ms / emptyMs).toFixed(1)} × node -e 0`);
}
