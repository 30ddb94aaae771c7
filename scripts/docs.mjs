/** Runs every `$ gc-plan …` of a console block in README.md and docs/, writes its real output below it, and draws README's picture; `--check` only compares. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const check = process.argv.includes('--check');
/** No ledger: what this machine verified is no part of a document. */
const env = {
  ...process.env,
  COLUMNS: '100',
  NO_COLOR: '1',
  XDG_DATA_HOME: '.cache/no-ledger',
  LOCALAPPDATA: '.cache/no-ledger',
};

function output(commandLine) {
  const { stdout, stderr } = spawnSync(process.execPath, ['bin/run.js', ...commandLine.split(/\s+/).slice(1)], {
    encoding: 'utf8',
    env,
  });
  return stdout + stderr;
}

const pages = ['README.md', ...readdirSync('docs', { recursive: true }).map((file) => `docs/${file}`)];
const stale = pages
  .filter((file) => file.endsWith('.md'))
  .filter((file) => {
    const before = readFileSync(file, 'utf8');
    const after = before.replaceAll(
      /```console\n\$ (gc-plan .*)\n[\s\S]*?```/g,
      (_, commandLine) => `\`\`\`console\n$ ${commandLine}\n${output(commandLine)}\`\`\``,
    );
    if (!check && after !== before) writeFileSync(file, after);
    return after !== before;
  });
/** The picture in README.md. */
const timeline = 'docs/timeline.svg';
const drawn = output('gc-plan explain graphcast-small --layers 4 --format svg');
if (!existsSync(timeline) || readFileSync(timeline, 'utf8') !== drawn) {
  stale.push(timeline);
  if (!check) writeFileSync(timeline, drawn);
}
for (const file of stale)
  console.log(check ? `${file}: an output is not the real one; npm run docs rewrites it` : `${file}: rewritten`);
if (check && stale.length > 0) process.exitCode = 1;
