import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { processorKinds } from '../src/config/choices.js';
import { codeBases, layoutNames } from '../src/models/index.js';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** Files of `src/` itself that every folder may import. */
const leaves = ['units.ts', 'errors.ts', 'version.ts', 'warnings.ts', 'event-loop.ts'];

/**
 * Every folder, in the order in which data passes through them, and `price.ts`, the file that composes the stages. Each imports from itself,
 * from the leaves and from those that its row names, all of which stand above it: no circle can close.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  config: [],
  ir: ['config'],
  topology: ['config'],
  memory: ['config', 'ir'],
  models: ['config', 'ir', 'topology'],
  accuracy: ['config', 'models'],
  runtimes: ['accuracy', 'config', 'ir', 'memory', 'models', 'topology'],
  parallel: ['config', 'ir', 'memory', 'models', 'runtimes', 'topology'],
  cost: ['config', 'ir', 'memory'],
  options: ['config', 'models', 'runtimes'],
  'price.ts': ['accuracy', 'config', 'cost', 'ir', 'memory', 'models', 'parallel', 'runtimes'],
  search: ['accuracy', 'config', 'cost', 'ir', 'memory', 'models', 'options', 'parallel', 'runtimes', 'topology'],
  advise: ['accuracy', 'config', 'cost', 'ir', 'memory', 'models', 'options', 'parallel', 'runtimes', 'search'],
  reports: ['accuracy', 'config', 'models', 'runtimes'],
  explain: ['ir', 'memory', 'options', 'reports'],
  check: ['config', 'options', 'reports'],
  verify: ['accuracy', 'config', 'ir', 'memory', 'models', 'options', 'reports', 'runtimes', 'topology'],
  services: [
    'accuracy',
    'advise',
    'check',
    'config',
    'explain',
    'ir',
    'memory',
    'models',
    'options',
    'parallel',
    'price.ts',
    'reports',
    'runtimes',
    'search',
    'verify',
  ],
  library: ['config', 'models', 'options', 'reports', 'search', 'services'],
  'index.ts': ['library', 'reports'],
  site: ['config', 'explain', 'memory', 'options', 'reports', 'search', 'services'],
  cli: ['config', 'explain', 'library', 'options', 'reports', 'runtimes', 'search', 'services', 'verify'],
};

/** Folders of `models/` whose `index.ts` states a code base. */
const rooms = readdirSync(join(src, 'models'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .filter((name) => {
    const index = join(src, 'models', name, 'index.ts');
    return existsSync(index) && /: CodeBase = \{/.test(readFileSync(index, 'utf8'));
  });

/** Only these may touch files, processes and the clock. */
const impure = ['config', 'verify', 'services', 'cli', 'search'];
const impureFiles = ['version.ts', 'event-loop.ts'];

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** `price.ts` and `index.ts` of `src/` itself stand for themselves, `x.browser.ts` for the `x.ts` whose place it takes in a browser. */
const folderOf = (path: string) =>
  relative(src, path)
    .split('/')[0]!
    .replace(/\.js$/, '.ts')
    .replace(/\.browser\.ts$/, '.ts');

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(([, to]) => ({
    file: relative(src, file),
    from: folderOf(file),
    to: to!.startsWith('.') ? folderOf(join(dirname(file), to!)) : to!,
  }));
}

const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name));
const imports = files.flatMap(importsOf);

describe('imports', () => {
  it('never turn round: every folder reads only what comes before it', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        to !== from &&
        isFolder(to) &&
        !leaves.includes(to) &&
        !(leaves.includes(from) ? [] : (mayImport[from] ?? [])).includes(to),
    );
    expect(wrong).toEqual([]);
  });

  it('close no circle between folders: a row names only rows above it, and every folder has a row', () => {
    const order = Object.keys(mayImport);
    const upwards = order.flatMap((folder, row) =>
      mayImport[folder]!.filter((other) => order.indexOf(other) >= row).map((other) => `${folder} → ${other}`),
    );
    expect(upwards).toEqual([]);
    expect([...new Set(files.map(folderOf))].filter((name) => !order.includes(name) && !leaves.includes(name))).toEqual(
      [],
    );
  });

  it('go into the room of a code base from the registry and from other rooms alone', () => {
    const isRoom = (path: string) => rooms.some((room) => path.startsWith(`models/${room}/`));
    const wrong = files
      .map((file) => relative(src, file))
      .filter((file) => file !== 'models/index.ts' && !isRoom(file))
      .filter((file) => targetsOf(file).some(isRoom));
    expect(wrong).toEqual([]);
  });

  it('reach files, processes and threads only from the outer folders', () => {
    const outside = /^node:(fs|child_process|worker_threads|os|net|http)/;
    const wrong = imports.filter(
      ({ file, from, to }) => outside.test(to) && !impure.includes(from) && !impureFiles.includes(file),
    );
    expect(wrong).toEqual([]);
  });

  it('load TensorFlow.js nowhere but in verify, and there only when a step is run', () => {
    const wrong = imports.filter(({ from, to }) => to.startsWith('@tensorflow/') && from !== 'verify');
    expect(wrong).toEqual([]);
    const isStatic = /^import (?!type)[^;]*from '@tensorflow\//m;
    expect(files.filter((file) => isStatic.test(readFileSync(file, 'utf8')))).toEqual([]);
  });
});

describe('code bases', () => {
  // `jax` is a runtime's name too, and its comparisons are those of runtimes.
  const names = [...codeBases().map(({ name }) => name), ...layoutNames(), ...rooms].filter((name) => name !== 'jax');
  const quoted = `['"\`](?:${names.join('|')})['"\`]`;
  const key = `^\\s*(?:${names.filter((name) => /^\w+$/.test(name)).join('|')})\\??:`;
  const flag = '\\b(?:is|has)(?:Physicsnemo|PhysicsNeMo|Anemoi|NeuralLam|GraphWeather|Deepmind|DeepMind)\\b';
  const literal = new RegExp(`${quoted}|${key}|${flag}`, 'm');

  it('are named in their own rooms alone: no comparison, set, table or switch elsewhere', () => {
    const outside = files
      .map((file) => relative(src, file))
      .filter((file) => !rooms.some((room) => file.startsWith(`models/${room}/`)));
    expect(outside.filter((file) => literal.test(readFileSync(join(src, file), 'utf8')))).toEqual([]);
  });

  it('would be found: a room does name its code base', () => {
    for (const room of rooms) expect.soft(readFileSync(join(src, 'models', room, 'index.ts'), 'utf8')).toMatch(literal);
  });

  it('have a line each in the registry', () => {
    expect(codeBases()).toHaveLength(rooms.length);
  });
});

describe('runtimes', () => {
  const compared = /(===|!==|case|includes\(|startsWith\() ?'(jax|pytorch|tfjs)'/;
  const keyed =
    /^\s*(jax|pytorch|tfjs)\??:|\b(is|has)(Jax|Xla|Py[Tt]orch|Tfjs)\b|new (Set|Map)\(\[+'(jax|pytorch|tfjs)'/m;
  const outside = files.map((file) => relative(src, file)).filter((file) => !file.startsWith('runtimes/'));
  const found = (pattern: RegExp, among: readonly string[]) =>
    among.filter((file) => pattern.test(readFileSync(join(src, file), 'utf8')));

  it('are compared by name nowhere but in their own rooms: what differs between them is a trait', () => {
    expect(found(compared, outside)).toEqual([]);
  });

  it('have no table, set or boolean by name but in their rooms; a code base has lines for each', () => {
    const isRoom = (file: string) => rooms.some((room) => file.startsWith(`models/${room}/`));
    expect(
      found(
        keyed,
        outside.filter((file) => !isRoom(file)),
      ),
    ).toEqual([]);
    expect(found(keyed, outside.filter(isRoom))).not.toEqual([]);
  });
});

describe('processors', () => {
  const compared = new RegExp(`(===|!==|case|includes\\() ?'(${processorKinds.join('|')})'`);

  it('are compared by name in the rooms and layers of `models/` alone: what others ask is a trait that the room states', () => {
    const outside = files.map((file) => relative(src, file)).filter((file) => !file.startsWith('models/'));
    expect(outside.filter((file) => compared.test(readFileSync(join(src, file), 'utf8')))).toEqual([]);
    expect(readFileSync(join(src, 'models/anemoi/options.ts'), 'utf8')).toMatch(compared);
  });
});

/** Paths below `src/` that a file imports. */
function targetsOf(file: string): readonly string[] {
  const text = readFileSync(join(src, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map(([, to]) =>
    relative(src, join(src, dirname(file), to!)),
  );
}

function isFolder(name: string): boolean {
  return files.some((file) => folderOf(file) === name);
}
