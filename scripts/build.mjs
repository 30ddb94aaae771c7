/** Compiles src/ to dist/, beside it the data files of src/, and the published JSON Schemas. `--incremental` keeps what is fresh. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const incremental = process.argv.includes('--incremental');
if (!incremental) rmSync('dist', { recursive: true, force: true });
const compiler = spawnSync(
  process.execPath,
  [
    'node_modules/typescript/bin/tsc',
    '-p',
    'tsconfig.json',
    ...(incremental ? ['--incremental', '--tsBuildInfoFile', '.cache/dev.tsbuildinfo'] : []),
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

cpSync('src', 'dist', { recursive: true, filter: (source) => !source.endsWith('.ts') });

const { publishedSchemas } = await import('../dist/reports/published-schemas.js');
mkdirSync('schemas', { recursive: true });
for (const [name, schema] of Object.entries(publishedSchemas()))
  writeFileSync(`schemas/${name.replace('gc-plan/', '')}.json`, `${JSON.stringify(schema, null, 2)}\n`);
