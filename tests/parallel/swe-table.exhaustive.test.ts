import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { asMarkdown, sweTable } from './swe-table.js';

const page = fileURLToPath(new URL('../../docs/strategies.md', import.meta.url));
const between = /(<!-- swe -->\n)[\s\S]*?(<!-- \/swe -->)/;

/** `GC_PLAN_DOCS=1` writes the table instead of comparing it. */
it('docs/strategies.md shows what is predicted for PhysicsNeMo’s own scaling figure, cell by cell', async () => {
  const text = readFileSync(page, 'utf8');
  const table = await sweTable();
  const now = text.replace(between, `$1${asMarkdown(table)}\n$2`);
  if (process.env.GC_PLAN_DOCS) writeFileSync(page, now);
  else expect(text).toBe(now);
  const upToFour = table.flatMap(({ cells }) => cells).filter(({ gpus }) => gpus <= 4);
  for (const { errorPercent } of upToFour) expect(errorPercent).toBeLessThan(5);
}, 300_000);
