/**
 * Compiles src/ to dist/, beside it the data files of src/, and the published JSON Schemas. What ships has no dependency: the libraries are
 * in the files that use them, and the types in one file. `--incremental` keeps what is fresh, and leaves every module in its own file.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import ts from 'typescript';
import { sitePage } from './site.mjs';
import { packagesIn, thirdPartyText } from './third-party.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const incremental = process.argv.includes('--incremental');
const buildInfo = '.cache/dev.tsbuildinfo';
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const dist = resolve('dist');
const joined = join(dist, 'joined');
const pageLibrary = 'reports/explain/browser/echarts';
/** Optional parts of oclif, which it looks for; TensorFlow.js, which `verify` looks for. */
const elsewhere = ['typescript', 'ts-node', 'tsx/cjs/api', 'tsx/esm/api', /^@tensorflow\//];

/**
 * Node gives an `import` of a built-in every one of its names, and reads them all: `fs` alone then loads streams and promises. Asked for
 * without names, it gives what is there.
 */
const builtinsWithoutNames = {
  name: 'builtins-without-names',
  renderChunk(code) {
    return code
      .replaceAll(/^import \{(.*)\} from "(node:[^"]+)";$/gm, (_, names, builtin) => {
        return `const {${names.replaceAll(' as ', ': ')}} = globalThis.process.getBuiltinModule("${builtin}");`;
      })
      .replaceAll(/^import (\w+) from "(node:[^"]+)";$/gm, 'const $1 = globalThis.process.getBuiltinModule("$2");');
  },
};

if (!incremental || existsSync(joined)) {
  rmSync('dist', { recursive: true, force: true });
  rmSync(buildInfo, { force: true });
}
if (incremental) compileWhatChanged();
else compile();

const bundled = [await buildPageLibrary(), await buildPage()];
if (!incremental) {
  await joinTypes();
  bundled.push(await joinModules());
  writeFileSync('dist/THIRD-PARTY.txt', thirdPartyText(new Set(bundled.flatMap((packages) => [...packages]))));
}
cpSync('src', 'dist', { recursive: true, filter: (source) => !source.endsWith('.ts') && source !== 'src/site' });

const { publishedSchemas } = await import('../dist/reports/published-schemas.js');
mkdirSync('schemas', { recursive: true });
for (const [name, schema] of Object.entries(publishedSchemas()))
  writeFileSync(`schemas/${name.replace('gc-plan/', '')}.json`, `${JSON.stringify(schema, null, 2)}\n`);

function compileWhatChanged() {
  const args = ['-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', buildInfo];
  const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function compile() {
  const { fileNames, options } = ts.getParsedCommandLineOfConfigFile('tsconfig.json', {}, ts.sys);
  const program = ts.createProgram(fileNames, options);
  const errors = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  if (errors.length > 0) {
    console.error(ts.formatDiagnosticsWithColorAndContext(errors, ts.createCompilerHost(options)));
    process.exit(1);
  }
  for (const file of program.getSourceFiles())
    if (/\/src\/reports\/[a-z]+\/schema\.ts$/.test(file.fileName)) writeReportTypes(file, program.getTypeChecker());
}

/** A report's type is inferred from its schema; written out, it needs no zod, whose types a strict compiler refuses in a file of another's. */
function writeReportTypes(file, checker) {
  const { InTypeAlias, MultilineObjectLiterals, NoTruncation } = ts.TypeFormatFlags;
  const flags = InTypeAlias | MultilineObjectLiterals | NoTruncation;
  const types = file.statements.filter(ts.isTypeAliasDeclaration).map((alias) => {
    const text = checker.typeToString(checker.getTypeAtLocation(alias.name), alias, flags);
    return `export type ${alias.name.text} = ${text};\n`;
  });
  const target = join(dist, relative(resolve('src'), file.fileName)).replace(/\.ts$/, '.d.ts');
  writeFileSync(target, `import type { DeepReadonly } from '../formats.js';\n${types.join('')}`);
}

/** One classic script with the parts of ECharts that the page of `explain` draws with; as every build below, gives the packages in it. */
async function buildPageLibrary() {
  const file = `dist/${pageLibrary}.min.js`;
  if (incremental && existsSync(file)) return [];
  // It goes with every such page, and says whose it is.
  const postBanner =
    '/*! Apache ECharts and ZRender: https://echarts.apache.org; their licences: THIRD-PARTY.txt of gc-plan */';
  const { output } = await build({
    input: `dist/${pageLibrary}.js`,
    platform: 'browser',
    output: { file, format: 'iife', minify: true, postBanner },
    logLevel: 'warn',
  });
  return packagesIn(output);
}

/** What `gc-plan open` serves. */
async function buildPage() {
  const file = 'dist/site/index.html';
  if (incremental && existsSync(file)) return [];
  const { html, packages } = await sitePage();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, html);
  return packages;
}

/** The types of `dist/index.js` in one file, which needs no other package. */
async function joinTypes() {
  await build({
    input: { index: 'dist/index.d.ts' },
    plugins: [dts({ dtsInput: true })],
    output: { dir: '.cache/types', format: 'esm' },
    checks: { pluginTimings: false },
    logLevel: 'warn',
  });
  for (const file of filesOfDist('.d.ts')) rmSync(file);
  cpSync('.cache/types/index.d.ts', 'dist/index.d.ts');
}

/**
 * What every estimate loads, 300 modules, becomes one file: opening and linking them took half of the start. Each module
 * keeps its own file, which exports from the one, so that nothing exists twice; what is loaded when it is asked for stays as it is.
 * A library becomes one file too.
 */
async function joinModules() {
  rmSync(`dist/${pageLibrary}.js`);
  const modules = filesOfDist('.js').filter((file) => !file.includes('/browser/'));
  const first = staticImports(['cli/main.js']);
  const start = staticImports(['cli/commands/estimate.js', 'options/resolve.js', 'price.js', 'services/estimate.js']);
  // What looks for the change that makes it fit: thirty small files.
  const search = staticImports(['services/smallest-change.js']);
  const library = (id) => /.*node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(id)?.[1];
  const sharedLibraries = { zod: ['zod'], yaml: ['yaml'], echarts: ['echarts', 'zrender', 'tslib'] };
  const { output } = await build({
    input: Object.fromEntries(modules.map((file) => [relative('dist', file).replace(/\.js$/, ''), file])),
    platform: 'node',
    external: elsewhere,
    plugins: [builtinsWithoutNames],
    transform: { define: { gcPlanVersion: JSON.stringify(version) } },
    checks: { ineffectiveDynamicImport: false },
    output: {
      dir: dist,
      format: 'esm',
      comments: false,
      // A stack trace still names functions and lines. V8 reads a text of other letters than ASCII as one of twice the size.
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
      entryFileNames: '[name].js',
      chunkFileNames: 'joined/[name].js',
      codeSplitting: {
        groups: [
          { name: 'first', test: (id) => first.has(id), priority: 3 },
          { name: 'start', test: (id) => start.has(id), priority: 2 },
          { name: 'search', test: (id) => search.has(id), priority: 1 },
          ...Object.entries(sharedLibraries).map(([name, libraries]) => ({
            name,
            test: (id) => libraries.includes(library(id)),
            priority: 1,
          })),
        ],
      },
    },
    logLevel: 'warn',
  });
  return packagesIn(output);
}

function filesOfDist(end) {
  const files = readdirSync('dist', { recursive: true }).filter((file) => file.endsWith(end));
  return files.map((file) => join('dist', file));
}

/** The modules of `dist/` that these load before they run, themselves included. */
function staticImports(files) {
  const modules = new Set();
  const add = (file) => {
    if (modules.has(file)) return;
    modules.add(file);
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) [^'(]*'(\.[^']+)';/gm))
      add(join(dirname(file), target));
  };
  for (const file of files) add(join(dist, file));
  return modules;
}
