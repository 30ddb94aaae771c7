/** `sweep --export CODEBASE --output-dir DIR`: writes the plan's files, those that changed, and never over somebody else's. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { shown } from '../config/nearest.js';
import { InputError } from '../errors.js';
import { type PlanFile, planFiles } from '../reports/sweep/directory.js';
import type { Sweep } from '../reports/sweep/schema.js';
import { writeAtomically } from './write.js';

/** Names what was written last, so that a later run knows its own files. */
const manifestName = '.gc-plan.json';
const fileName = z.string().refine((name) => name === basename(name));
const manifestSchema = z.object({ files: z.record(fileName, z.string()) });
type Manifest = z.infer<typeof manifestSchema>;

const hashOf = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/**
 * → what was done, in a line.
 * @throws InputError before anything is written, where a file stands in the way that is not as this wrote it.
 */
export function writePlan(directory: string, sweep: Sweep): string {
  const files = planFiles(sweep);
  if (files.length === 0) return `${directory}: nothing is written, no stage fits`;
  requireFolder(directory);
  const before = readManifest(directory);
  const changed = files.filter(({ name, text }) => hashAt(directory, name) !== hashOf(text));
  requireOwn(directory, changed, before);
  mkdirSync(directory, { recursive: true });
  for (const { name, text } of changed) writeAtomically(join(directory, name), text, '--output-dir');
  const removed = leftovers(directory, files, before);
  for (const name of removed) rmSync(join(directory, name));
  const manifest = `${JSON.stringify({ files: Object.fromEntries(files.map(({ name, text }) => [name, hashOf(text)])) }, null, 2)}\n`;
  if (hashAt(directory, manifestName) !== hashOf(manifest))
    writeAtomically(join(directory, manifestName), manifest, '--output-dir');
  const counts = [
    `${changed.length} of ${files.length} files written`,
    ...(removed.length > 0 ? [`${removed.length} removed`] : []),
  ];
  return `${directory}: ${counts.join(', ')}`;
}

function requireFolder(directory: string): void {
  if (!existsSync(directory) || statSync(directory).isDirectory()) return;
  throw new InputError('not-a-folder', `--output-dir ${shown(directory)}: is a file.`, ['--output-dir plan']);
}

function readManifest(directory: string): Manifest['files'] {
  const file = join(directory, manifestName);
  if (!existsSync(file)) return {};
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).files;
  } catch {
    throw new InputError(
      'damaged-manifest',
      `${shown(file)}: is not as gc-plan wrote it, so its own files are unknown.`,
      [`remove ${file} and the files that gc-plan wrote beside it`, 'name another --output-dir'],
    );
  }
}

function hashAt(directory: string, name: string): string | undefined {
  const file = join(directory, name);
  const is = statSync(file, { throwIfNoEntry: false });
  if (is === undefined) return undefined;
  return is.isFile() ? hashOf(readFileSync(file)) : 'no file';
}

/** What is there is ours as long as its bytes are those that we wrote. */
function requireOwn(directory: string, files: readonly PlanFile[], before: Manifest['files']): void {
  const foreign = files.find(({ name }) => {
    const hash = hashAt(directory, name);
    return hash !== undefined && hash !== before[name];
  });
  if (foreign === undefined) return;
  throw new InputError(
    'not-our-file',
    `--output-dir ${shown(directory)}: ${foreign.name} is there and not as gc-plan wrote it; nothing is written.`,
    [`rename or remove ${join(directory, foreign.name)}`, 'name another --output-dir'],
  );
}

/** Of an earlier plan, unchanged since. */
const leftovers = (directory: string, files: readonly PlanFile[], before: Manifest['files']): readonly string[] =>
  Object.keys(before).filter(
    (name) => !files.some((file) => file.name === name) && hashAt(directory, name) === before[name],
  );
