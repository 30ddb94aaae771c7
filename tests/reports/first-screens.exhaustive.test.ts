/** The first screens of ten jobs, as their users type them: each a golden file, each of at most 18 lines, each within its width. */
import { beforeAll, describe, expect, it } from 'vitest';
import { invoke } from '../cli/invoke.js';

const ownMesh = [
  'grid-nodes 40962',
  'mesh-nodes 10242',
  'mesh-edges 61440',
  'grid2mesh-edges 81924',
  'mesh2grid-edges 122886',
];

/** Name of the golden file → what is typed. */
const jobs: Readonly<Record<string, string>> = {
  'does-it-fit': 'estimate graphcast-small --gpu rtx-4090',
  'out-of-memory': 'advise graphcast-small --gpu t4',
  plan: 'sweep --vram 24GB',
  'cheapest-card-training': 'cards graphcast --top 4',
  'cheapest-card-inference': 'cards graphcast --mode inference --top 4',
  // The backend that every machine has.
  prove: 'verify tiny --steps 2 --backend js',
  'pull-request': 'check docs/example/regression.yaml',
  'own-channels': 'estimate graphcast-small --input-channels 300 --output-channels 120 --gpu rtx-4090',
  'own-mesh': `estimate graphcast-small --gpu a100-40gb ${ownMesh.map((flag) => `--${flag}`).join(' ')}`,
  'physicsnemo-yaml': 'estimate tests/models/importing/files/physicsnemo.yaml --gpu rtx-4090',
  'ten-day-forecast': 'estimate graphcast-operational --mode inference --rollout 40 --gpu rtx-3090',
  'how-much-batch': 'solve graphcast-small --for batch --gpu rtx-3090',
  'what-if': 'compare graphcast-small --gpu rtx-4090 -- --hidden-dim 768 --batch 2',
  'out-of-memory-many-changes': 'estimate graphcast --gpu rtx-4090',
};

/** Loss, times and versions of what ran differ from machine to machine. */
const steady = (text: string): string => text.replaceAll(/^(backend|loss|time per step|resident set) .*$/gm, '$1 …');

/** A command, a line of code, or one that only continues code. */
const isTyped = (line: string): boolean => /gc-plan [a-z]+|# |^ {11}/.test(line) || /[=(]\S*\(/.test(line);

describe.each(Object.entries(jobs))('%s', (name, command) => {
  describe.each([80, 120])('at %i columns', (columns) => {
    let lines: readonly string[];
    beforeAll(async () => {
      const { stdout, stderr } = await invoke(command.split(' '), { columns });
      expect(stderr).toBe('');
      lines = steady(stdout).trimEnd().split('\n');
    }, 120_000);

    it('is one screen that fits the width, but for what is typed or pasted', () => {
      expect(lines.length).toBeLessThanOrEqual(18);
      for (const line of lines.filter((each) => !isTyped(each))) expect(line.length, line).toBeLessThanOrEqual(columns);
    });

    it('says in its first line what it is about', () => {
      expect(lines[0]).toMatch(/ (in|\/) ?(jax|pytorch|tfjs|JAX|PyTorch|TensorFlow\.js)/);
      expect(lines[0]).toMatch(/\d+\/\d+|wide/);
      expect(lines[0]).toMatch(/fp32|bf16|fp16/);
    });

    it('looks as it did', async () => {
      await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`../data/screens/${name}-${columns}.txt`);
    });
  });
});
