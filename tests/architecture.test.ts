import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** Every folder, in the order in which data passes through them. A folder imports from itself and from those its row names. */
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
  options: ['config', 'models'],
  search: ['accuracy', 'config', 'cost', 'ir', 'memory', 'models', 'options', 'parallel', 'runtimes', 'topology'],
  advise: ['accuracy', 'config', 'cost', 'ir', 'memory', 'models', 'options', 'parallel', 'search'],
  report: ['accuracy', 'config', 'models'],
  explain: ['ir', 'memory', 'options', 'report'],
  check: ['config', 'options', 'report'],
  verify: ['accuracy', 'config', 'ir', 'memory', 'models', 'options', 'report', 'runtimes', 'topology'],
};

/** What every folder may import: units, errors and the version are files of `src/` itself. */
const everywhere = ['.'];

/** Only these may touch files, processes and the clock. */
const impure = ['config', 'verify', 'services', 'cli', 'search'];
const impureFiles = ['version.ts'];

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const folderOf = (path: string) => {
  const [first, ...rest] = relative(src, path).split('/');
  return rest.length === 0 ? '.' : first!;
};

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
  it('never turn round: the core reads only what comes before it', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        mayImport[from] !== undefined &&
        to !== from &&
        isFolder(to) &&
        ![...everywhere, ...mayImport[from]].includes(to),
    );
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

function isFolder(name: string): boolean {
  return name === '.' || files.some((file) => folderOf(file) === name);
}
