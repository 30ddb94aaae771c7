/** The tests open HTML reports in Chromium. Where there is none, Debian's and Ubuntu's package manager is asked for it. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const places = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];
if (!places.some((path) => path && existsSync(path))) {
  const root = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args) => {
    const [command, ...rest] = [...root, 'apt-get', ...args];
    return spawnSync(command, rest, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
      .status;
  };
  apt('update', '-q');
  if (apt('install', '-y', '-q', '--no-install-recommends', 'chromium') !== 0) {
    console.error('Chromium is missing and could not be installed: install it, or name it in CHROMIUM_PATH.');
    process.exitCode = 1;
  }
}
