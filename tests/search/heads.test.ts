import { describe, expect, it } from 'vitest';
import { invoke } from '../cli/invoke.js';

describe('a search over widths', () => {
  it.each(['anemoi-transformer', 'anemoi-graphtransformer'])(
    'tries those alone that the heads divide, in every network that has heads: %s',
    async (model) => {
      const { exit, stdout } = await invoke(['solve', model, '--for', 'hidden-dim', '--gpu', 'h100-80gb', '--json']);
      expect(exit).toBe(0);
      expect(JSON.parse(stdout).best.value % 16).toBe(0);
    },
  );
});
