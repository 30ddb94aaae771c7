/** The documents as static HTML beside the page: those of the root and docs/, with their links among each other. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Marked } from 'marked';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = (file) => readFileSync(join(root, file), 'utf8');

const escaped = (words) =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const withoutTags = (html) => html.replaceAll(/<[^>]*>/g, '');

/** As GitHub makes them, which the documents' own links count on. */
const slugOf = (heading) =>
  withoutTags(heading)
    .replaceAll(/&[a-z]+;|&#\d+;/g, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

/** README.md → index.html, docs/guide.md → guide.html, docs/decisions/0001-x.md → decisions/0001-x.html: all in `docs/` of the site. */
const target = (file) =>
  file === 'README.md'
    ? 'index.html'
    : file
        .replace(/^docs\//, '')
        .replace(/\.md$/, '.html')
        .toLowerCase();

const titleOf = (markdown, file) => /^# (.+)$/m.exec(markdown)?.[1].replaceAll('`', '') ?? file;

/** One document as the inside of a page. */
function rendered(file, documents) {
  const known = new Map();
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const inner = this.parser.parseInline(tokens);
        const slug = slugOf(inner);
        const times = known.get(slug) ?? 0;
        known.set(slug, times + 1);
        return `<h${depth} id="${times === 0 ? slug : `${slug}-${times}`}">${inner}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens);
        const place = linkFrom(file, href, documents);
        return place === undefined ? inner : `<a href="${escaped(place)}">${inner}</a>`;
      },
      image({ href, text: words }) {
        const data = Buffer.from(text(posix.join(posix.dirname(file), href))).toString('base64');
        const picture = `<img alt="${escaped(words)}" style="min-width:44rem;max-width:100%" src="data:image/svg+xml;base64,${data}">`;
        return `<span class="scroll" role="group" aria-label="picture" tabindex="0" style="display:block">${picture}</span>`;
      },
      code({ text: code }) {
        return `<div class="scroll" role="group" aria-label="to type or to paste" tabindex="0"><pre><code>${escaped(code)}</code></pre></div>\n`;
      },
    },
  });
  // Tables may be wider than a phone.
  return (
    marked
      .parse(text(file))
      // A heading without words is none.
      .replaceAll(/<th( [^>]*)?><\/th>/g, '<td$1></td>')
      .replaceAll('<table>', '<div class="scroll" role="group" aria-label="table" tabindex="0"><table>')
      .replaceAll('</table>', '</table></div>')
  );
}

/** A link to what is not of the site, such as a source file, stays as its words. */
function linkFrom(file, href, documents) {
  if (/^(https?:|mailto:|#)/.test(href)) return href;
  const [path, fragment] = href.split('#');
  const linked = posix.normalize(posix.join(posix.dirname(file), path));
  if (!documents.includes(linked)) return undefined;
  const relative = posix.relative(posix.dirname(target(file)), target(linked));
  return fragment === undefined ? relative : `${relative}#${fragment}`;
}

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

function documentHtml({ file, title, body, style, list }) {
  const up = '../'.repeat(target(file).split('/').length);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · gc-plan</title>
<style>
${style}</style>
</head>
<body>
<nav class="soft" aria-label="Site"><a href="${up}index.html">The estimator</a> · <a href="${up}docs/index.html">README</a> · <a href="#documents">All documents</a></nav>
<main>
${body}</main>
<nav id="documents" aria-label="All documents">
<h2>All documents</h2>
${list}</nav>
</body>
</html>
`;
}

/** Writes them to `folder`. */
export function writeDocuments(folder) {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true })
    .map((file) => `docs/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.md') && statSync(join(root, file)).isFile())
    .sort();
  const inRoot = readdirSync(root).filter((file) => file.endsWith('.md') && file !== 'README.md');
  const documents = ['README.md', ...inRoot.sort(), ...inDocs];
  const titled = documents.map((file) => ({ file, title: titleOf(text(file), file) }));
  const style = text('src/reports/pages/page.css') + text('src/site/docs.css');
  for (const { file, title } of titled) {
    const from = posix.dirname(target(file));
    const links = titled.map(
      (other) => `<li><a href="${posix.relative(from, target(other.file))}">${escaped(other.title)}</a></li>`,
    );
    const path = join(folder, target(file));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      documentHtml({ file, title, style, body: rendered(file, documents), list: `<ul>\n${links.join('\n')}\n</ul>\n` }),
    );
  }
}
