import { describe, expect, it } from 'vitest';
import { renderPage } from '../../../src/reports/pages/page.js';
import { invoke } from '../../cli/invoke.js';

const page = (commands: readonly string[]) =>
  renderPage({
    question: 'Does /home/ada/runs/small.yaml fit?',
    answer: { tone: 'yes', text: 'yes' },
    setting: '720x1440 at 0.25°, 16/8',
    sections: [],
    assumptions: ['~/runs/small.yaml leaves batch_size open.'],
    commands,
    tool: { name: 'gc-plan', version: '0.1.0' },
    date: '2026-11-29',
  });

describe('a page', () => {
  it('names files, and no folder of the machine that it was made on', () => {
    const commands = [
      'gc-plan estimate --import=/home/ada/runs/small.yaml --gpu t4',
      "gc-plan check '/home/ada/runs/plan.yaml'",
      'gc-plan estimate docs/example/small.yaml',
      String.raw`gc-plan estimate C:\Users\ada\small.yaml`,
    ];
    const text = page(commands);
    expect(text).not.toContain('ada');
    expect(text).not.toContain('runs');
    expect(text).toContain('--import=small.yaml --gpu t4');
    expect(text).toContain("'plan.yaml'");
    expect(text).toContain('docs/example/small.yaml');
    expect(text).toContain('720x1440 at 0.25°, 16/8');
  });

  it('says its version and the day on which it was made, which SOURCE_DATE_EPOCH sets', async () => {
    const env = { SOURCE_DATE_EPOCH: String(Date.UTC(2001, 1, 3) / 1_000) };
    const { stdout } = await invoke(['estimate', 'tiny', '--format', 'html'], { env });
    expect(stdout).toMatch(/gc-plan \d+\.\d+\.\d+, 2001-02-03\./);
  });
});
