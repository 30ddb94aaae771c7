import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/options/resolve.js';
import type { Flags } from '../../src/options/typed.js';
import { type BadFlags, badFlags } from './bad-flags.js';
import { expectHelpful, refusal } from './refusal.js';

const resolveBad = ({ flags, model }: BadFlags) => resolveConfig({ flags, ...(model === undefined ? {} : { model }) });

/** The flags after doing what a next step says; undefined where it names no one flag. Of two flags in conflict it keeps its own. */
function followed({ flags, code }: BadFlags, step: string): Flags | undefined {
  const left = /^Leave --([a-z-]+) out\.$/.exec(step)?.[1];
  if (left) return { ...flags, [left]: undefined };
  const [, name, value = true] = /^--([a-z-]+)(?: (\S+))?$/.exec(step) ?? [];
  if (!name) return undefined;
  return code === 'conflicting-options' ? { [name]: value } : { ...flags, [name]: value };
}

describe('bad flags', () => {
  it(`are ${badFlags.length} kinds, more than the 60 that were asked for`, () =>
    expect(badFlags.length).toBeGreaterThan(60));

  it.each(badFlags.map((entry) => [JSON.stringify(entry.flags).slice(0, 90), entry] as const))(
    '%s is refused by name, with what to type next',
    async (_title, entry) => {
      expectHelpful(await refusal(() => resolveBad(entry)), entry.code, entry.names);
    },
  );

  it.each(badFlags.map((entry) => [JSON.stringify(entry.flags).slice(0, 90), entry] as const))(
    '%s: something that it says to type works',
    async (_title, entry) => {
      const { nextSteps } = await refusal(() => resolveBad(entry));
      const ways = nextSteps.map((step) => followed(entry, step)).filter((flags) => flags !== undefined);
      // A flag that does not exist can't be replaced by following: the reader drops it.
      if (ways.length === 0 || entry.code === 'unknown-option') return;
      const outcomes = await Promise.allSettled(ways.map((flags) => resolveBad({ ...entry, flags })));
      expect(outcomes.map(({ status }) => status)).toContain('fulfilled');
    },
  );

  it('names the nearest known ones', async () => {
    const steps = async (flags: Flags, model?: string) =>
      (await refusal(() => resolveConfig({ flags, ...(model ? { model } : {}) }))).nextSteps.join(' ');
    expect(await steps({ gpu: 'a100' })).toMatch(/a100-40gb.*a100-80gb/);
    expect(await steps({ gpu: 'rtx4091' })).toContain('rtx-4090');
    expect(await steps({ gpu: 'h100' })).toContain('h100-80gb');
    expect(await steps({}, 'graphcats')).toContain('graphcast');
    expect(await steps({ 'hiden-dim': '1' })).toContain('--hidden-dim');
    expect(await steps({ checkpoint: 'encodr' })).toContain('encoder');
    expect(await steps({ vram: '24' })).toContain('--vram 24GB');
  });
});
