/** What tests and their processes put into the temporary folder lies in one folder of this run, and goes with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function ownTemporaryFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'gc-plan-tests-'));
  // Workers and what they start inherit it.
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
