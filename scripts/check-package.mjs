/** The tarball that npm would publish, installed in an empty folder: how large is it, and does the tool answer there? */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';

const maximumFiles = 1500;
const maximumBytes = 40e6;

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gc-plan-package-'));
/** Nothing of this user's: the backends that are installed here, the ledger. */
const env = { ...process.env, XDG_DATA_HOME: join(folder, 'data') };

/** What npm links as the command. */
const installed = join(folder, 'node_modules/.bin/gc-plan');

function run(command, args, { cwd = folder, exit = 0 } = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== exit)
    throw new Error(`${[command, ...args].join(' ')} exited ${status}: ${(stdout + stderr).slice(-2000)}`);
  return { stdout, stderr };
}

/** The page is served, whole, and Ctrl-C is its good end. */
async function opensPage() {
  const args = [installed, 'open', 'tiny', '--vram', '2GB', '--json'];
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = await once(child.stdout, 'data');
  const page = await (await fetch(JSON.parse(printed).url)).text();
  child.kill('SIGINT');
  const [exit] = await once(child, 'exit');
  return exit === 0 && page.includes('gcPlanWorker') && page.trimEnd().endsWith('</html>');
}

try {
  const [{ filename, size }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root }).stdout,
  );
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'elsewhere', private: true }));
  const start = performance.now();
  const { stderr: warnings } = run('npm', ['install', '--prefer-offline', join(folder, filename)]);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const files = readdirSync(join(folder, 'node_modules'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  const gcPlan = (...args) => run(process.execPath, [installed, ...args]).stdout;
  const json = (...args) => JSON.parse(gcPlan(...args, '--json'));

  // The types as a strict consumer compiles them, with nothing but what the package brings along.
  writeFileSync(
    join(folder, 'consumer.mts'),
    "import { estimate } from 'gc-plan';\nexport const bytes: number = (await estimate({ model: 'tiny' })).memory.peakLiveBytes;\n",
  );
  const strict = ['--strict', '--skipLibCheck', 'false', '--module', 'nodenext', '--target', 'es2022', '--noEmit'];
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...strict, 'consumer.mts']);

  const { messages } = await publint({ pkgDir: join(folder, 'node_modules/gc-plan'), pack: false, strict: true });
  for (const { code, path } of messages) console.log(`publint: ${code} at ${path.join('.')}`);

  // How each kind of import finds code and types; `require` of a package that is ESM alone is what Node itself refuses or loads.
  const tarball = createPackageFromTarballData(new Uint8Array(readFileSync(join(folder, filename))));
  const { types, problems = [] } = await checkPackage(tarball);
  const wrongTypes = problems.filter(({ kind }) => kind !== 'CJSResolvesToESM');
  for (const problem of wrongTypes) console.log(`attw: ${JSON.stringify(problem)}`);

  const { version, scripts } = JSON.parse(readFileSync(join(folder, 'node_modules/gc-plan/package.json'), 'utf8'));
  const missing = run(process.execPath, [installed, 'verify', 'tiny', '--json'], { exit: 2 });
  const answers = {
    size: bytes <= maximumBytes && files.length <= maximumFiles,
    warnings: warnings === '',
    publint: messages.length === 0,
    attw: types !== false && wrongTypes.length === 0,
    schema:
      run(process.execPath, ['-p', "require('gc-plan/schemas/estimate@1.json').$id"]).stdout.trim() ===
      'urn:gc-plan:estimate@1',
    notices: readFileSync(join(folder, 'node_modules/gc-plan/dist/THIRD-PARTY.txt'), 'utf8').includes('zod'),
    scripts: !['preinstall', 'install', 'postinstall'].some((name) => name in scripts),
    version: gcPlan('--version').trim() === `gc-plan ${version}`,
    estimate: json('estimate', 'graphcast-small').memory?.peakLiveBytes > 0,
    table: gcPlan('estimate', 'tiny', '--vram', '24GB').includes('\nfits on 24GB '),
    sweep: json('sweep', 'tiny', '--vram', '2GB', '--hidden-dim', '32,64', '--workers', '2').candidates.fits > 0,
    advise: json('advise', 'graphcast-small', '--batch', '2', '--gpu', 'rtx-4090').cheapest.change.length > 0,
    explain: json('explain', 'tiny').peak.liveBytes > 0,
    open: await opensPage(),
    cards: json('cards', 'tiny').cards.length > 0,
    page: gcPlan('explain', 'tiny', '--format', 'html').includes('renderToCanvas'),
    picture: gcPlan('sweep', 'tiny', '--vram', '2GB', '--hidden-dim', '32,64', '--format', 'html').includes('</svg>'),
    library:
      run(process.execPath, ['-e', "import('gc-plan').then((m) => console.log(typeof m.estimate))"]).stdout.trim() ===
      'function',
    missing: JSON.parse(missing.stdout).nextSteps.some((step) => step.startsWith('gc-plan verify --install js ')),
    install: json('verify', '--install', 'js').chosen === 'js',
    verify: json('verify', 'tiny', '--steps', '2').verdict.kind === 'within',
  };
  const wrong = Object.keys(answers).filter((name) => !answers[name]);
  const measured = `${(bytes / 1e6).toFixed(1)} MB in ${files.length} files, ${seconds} s`;
  if (wrong.length > 0)
    throw new Error(`the installed package (${measured}) gives a wrong answer: ${wrong.join(', ')}`);
  console.log(
    `${filename}: ${Math.round(size / 1024)} KiB, installed ${measured}; works elsewhere, verify --install too`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
