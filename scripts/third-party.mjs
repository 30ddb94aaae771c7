/** The libraries that a build has put into its files, and their licences, which go where the files go. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of the packages that stand in these chunks with a line at least. */
export function packagesIn(output) {
  const files = output.flatMap(({ modules = {} }) =>
    Object.keys(modules).filter((file) => modules[file].renderedLength > 0),
  );
  return new Set(
    files.flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file.replaceAll('\\', '/'))?.[0] ?? []),
  );
}

const licenceFile = /^(licen[cs]e|notice|copying|copyright)/i;

/** One package as it wants to be named: its licence and whatever notice it has, word for word. @throws where it brings none */
function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => licenceFile.test(file) && file !== 'licenses');
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  if (texts.length === 0) throw new Error(`${name} is bundled and brings no licence`);
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}

/** `folders`: of `packagesIn`. */
export function thirdPartyText(folders) {
  // A package may lie in several folders.
  const notices = [...new Set([...folders].map(noticeOf))].sort();
  const rule = `\n${'-'.repeat(78)}\n\n`;
  return ['gc-plan has in its files these libraries, or parts of them.\n', ...notices].join(rule);
}
