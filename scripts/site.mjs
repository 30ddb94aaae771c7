/**
 * `npm run site`: the static folder `site/`, or another one (`npm run site -- FOLDER`), with the page that estimates in the browser and the
 * documents. Engine, data, style and script of the page are in one HTML file.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { packagesIn, thirdPartyText } from './third-party.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = (file) => readFileSync(join(root, file), 'utf8');
const json = (file) => JSON.parse(text(file));

/** `x.browser.ts` stands beside the `x.ts` whose place it takes in a browser. */
const browserFiles = {
  name: 'browser-files',
  resolveId: {
    order: 'pre',
    handler(source, importer) {
      if (importer === undefined || !source.startsWith('.') || source.includes('.browser.')) return undefined;
      const file = join(dirname(importer), source.replace(/\.js$/, '.browser.ts'));
      return existsSync(file) ? file : undefined;
    },
  },
};

/** One classic script. @throws where something of Node's, or nothing, is imported */
async function classicScript(input) {
  const bundle = await rolldown({
    input: join(root, input),
    platform: 'browser',
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    plugins: [browserFiles],
    onLog(level, log, handle) {
      if (level === 'warn') throw new Error(`${input}: ${log.message}`);
      handle(level, log);
    },
  });
  const { output } = await bundle.generate({ format: 'iife', minify: true, codeSplitting: false });
  await bundle.close();
  return { code: output[0].code, packages: packagesIn(output) };
}

/** What the browser's `assets.browser.ts` reads. Ground truth is for `validate`, but for what estimates say of their accuracy. */
function shipped() {
  const namesOf = (folder) => readdirSync(join(root, folder)).filter((file) => file.endsWith('.json'));
  const profilesOf = (kind, isNeeded = () => true) =>
    Object.fromEntries(
      namesOf(`profiles/${kind}`)
        .map((file) => basename(file, '.json'))
        .filter(isNeeded)
        .map((name) => [name, json(`profiles/${kind}/${name}.json`)]),
    );
  const ofCodeBases = readdirSync(join(root, 'src/models'), { recursive: true })
    .filter((file) => /[\\/]data[\\/][^\\/]+\.json$/.test(file))
    .map((file) => `models/${file.replaceAll('\\', '/')}`);
  return {
    version: json('package.json').version,
    profiles: {
      models: profilesOf('models'),
      recipes: profilesOf('recipes'),
      gpus: profilesOf('gpus'),
      spaces: profilesOf('spaces', (name) => name === 'default'),
      truth: profilesOf('truth', (name) => name === 'evidence'),
    },
    data: Object.fromEntries(ofCodeBases.map((file) => [file, json(`src/${file}`)])),
  };
}

/** Inside a script element: nothing in it may end the element. */
const literal = (value) => JSON.stringify(value).replaceAll('<', '\\u003c');
const withoutEnd = (script) => script.replaceAll(/<\/(script)/gi, '<\\/$1').replaceAll('<!--', '<\\!--');

/** The page as one HTML file, and the packages in it. `docs`: where its documents are; absent: not beside it. */
export async function sitePage(docs) {
  const [worker, page] = await Promise.all([
    classicScript('src/site/page/worker.ts'),
    classicScript('src/site/page/main.ts'),
  ]);
  const data = shipped();
  const script = [
    `globalThis.gcPlanWorker=${literal(`globalThis.gcPlanShipped=${JSON.stringify(data)};\n${worker.code}`)};`,
    withoutEnd(page.code),
    withoutEnd(text('src/reports/pages/browser/copy.js')),
  ].join('\n');
  const packages = new Set([...worker.packages, ...page.packages]);
  const parts = {
    '/*style*/': text('src/reports/pages/page.css') + text('src/site/page/site.css'),
    '<!--docs-->': docs === undefined ? '' : ` <a href="${docs}">Documentation</a>`,
    '<!--version-->': data.version,
    '<!--third party-->': `<!--\n${thirdPartyText(packages).replaceAll('-->', '-- >')}-->`,
    '/*script*/': script,
  };
  const html = Object.entries(parts).reduce(
    (whole, [mark, part]) => whole.replace(mark, () => part),
    text('src/site/page/index.html'),
  );
  return { html, packages };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? join(root, 'site'));
  const { writeDocuments } = await import('./site-docs.mjs');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.html'), (await sitePage('docs/index.html')).html);
  // To be given away alone: nothing in it leads to what is not there.
  writeFileSync(join(folder, 'gc-plan.html'), (await sitePage()).html);
  writeDocuments(join(folder, 'docs'));
}
