/**
 * Compiles src/ to dist/, beside it the data files of src/, and the published JSON Schemas. `--incremental` keeps what is fresh, and leaves
 * every module in its own file.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const incremental = process.argv.includes('--incremental');
const buildInfo = '.cache/dev.tsbuildinfo';
if (!incremental || existsSync('dist/core.js')) {
  rmSync('dist', { recursive: true, force: true });
  rmSync(buildInfo, { force: true });
}
const compiler = spawnSync(
  process.execPath,
  [
    'node_modules/typescript/bin/tsc',
    '-p',
    'tsconfig.json',
    ...(incremental ? ['--incremental', '--tsBuildInfoFile', buildInfo] : []),
  ],
  { stdio: 'inherit' },
);
if (compiler.status !== 0) process.exit(compiler.status ?? 1);

await build({
  input: 'dist/cli/oclif.js',
  platform: 'node',
  external: ['typescript', 'ts-node', 'tsx/cjs/api', 'tsx/esm/api'],
  output: { file: 'dist/cli/oclif.js', format: 'esm', codeSplitting: false },
  logLevel: 'warn',
});

if (!incremental) await joinCore();

cpSync('src', 'dist', { recursive: true, filter: (source) => !source.endsWith('.ts') });

const { publishedSchemas } = await import('../dist/reports/published-schemas.js');
mkdirSync('schemas', { recursive: true });
for (const [name, schema] of Object.entries(publishedSchemas()))
  writeFileSync(`schemas/${name.replace('gc-plan/', '')}.json`, `${JSON.stringify(schema, null, 2)}\n`);

/**
 * What every command loads to price a step, 240 modules, becomes one file: opening and linking them took half of the start. Each keeps its own
 * file, which exports from the one, so that nothing exists twice; what is loaded when it is asked for stays as it is.
 */
async function joinCore() {
  const dist = resolve('dist');
  const folders = [
    'accuracy',
    'cost',
    'ir',
    'memory',
    'models',
    'options',
    'parallel',
    'runtimes',
    'topology',
    'price.js',
  ];
  const modules = new Set();
  const add = (file) => {
    if (modules.has(file) || !folders.includes(relative(dist, file).split(sep)[0])) return;
    modules.add(file);
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) [^'(]*'(\.[^']+)';/gm))
      add(join(dirname(file), target));
  };
  for (const file of ['price.js', 'options/resolve.js']) add(join(dist, file));
  const isOutside = (id, importer) => !modules.has(id.startsWith('.') ? join(dirname(importer), id) : id);
  await build({
    input: Object.fromEntries([...modules].map((file) => [relative(dist, file).replace(/\.js$/, ''), file])),
    platform: 'node',
    external: isOutside,
    plugins: [{ name: 'own-place', transform: fromItsOwnPlace }],
    output: {
      dir: dist,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      codeSplitting: { groups: [{ name: 'core', test: (id) => modules.has(id) }] },
    },
    logLevel: 'warn',
  });
}

/** A module finds the files beside it from where it was, not from the one file. */
function fromItsOwnPlace(code, id) {
  const own = JSON.stringify(`./${relative('dist', id).split(sep).join('/')}`);
  return code.replaceAll('import.meta.url', `new URL(${own}, import.meta.url).href`);
}
