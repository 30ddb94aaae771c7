import { describe, expect, it } from 'vitest';
import { cardNamed, cardOfProduct } from '../../src/config/cards.js';
import { deviceOf, hasBf16 } from '../../src/config/device.js';
import { profileNames } from '../../src/config/profiles.js';
import { resolveConfig } from '../../src/options/resolve.js';
import { subject } from '../../src/reports/subject.js';
import { estimate } from '../../src/services/estimate.js';
import { expectHelpful, refusal } from './refusal.js';

describe('names of cards', () => {
  it.each([
    ['4090', 'rtx-4090'],
    ['RTX 4090', 'rtx-4090'],
    ['rtx4090', 'rtx-4090'],
    ['NVIDIA GeForce RTX 3090', 'rtx-3090'],
    ['1080ti', 'gtx-1080-ti'],
    ['A100-SXM4-40GB', 'a100-40gb'],
    ['NVIDIA A100-PCIE-40GB', 'a100-40gb'],
    ['NVIDIA A100 80GB PCIe', 'a100-80gb'],
    ['NVIDIA A100-SXM-64GB', 'a100-64gb'],
    ['a100 40 GB', 'a100-40gb'],
    ['Tesla T4', 't4'],
    ['Tesla V100-SXM2-16GB', 'v100-16gb'],
    ['Tesla P100-PCIE-16GB', 'p100-16gb'],
    ['Tesla M40 24GB', 'm40'],
    ['M40', 'm40'],
    ['NVIDIA H100 80GB HBM3', 'h100-80gb'],
    ['NVIDIA H100 PCIe', 'h100-pcie'],
    ['NVIDIA H100 NVL', 'h100-nvl'],
    ['NVIDIA GH200 480GB', 'gh200'],
    ['NVIDIA GH200 144G HBM3e', 'gh200-144gb'],
    ['NVIDIA RTX A6000', 'a6000'],
    ['NVIDIA RTX 6000 Ada Generation', 'rtx-6000-ada'],
    ['NVIDIA RTX PRO 6000 Blackwell Workstation Edition', 'rtx-pro-6000'],
    ['Quadro RTX 8000', 'quadro-rtx-8000'],
    ['NVIDIA TITAN RTX', 'titan-rtx'],
    ['AMD Instinct MI210', 'mi210'],
  ])('%s is %s', async (typed, name) => {
    const { device } = await resolveConfig({ model: 'tiny', flags: { gpu: typed } });
    expect(device?.name).toBe(name);
  });

  it.each(profileNames('gpus'))('%s is itself, also in capitals and without dashes', (name) => {
    expect(cardNamed(name)).toBe(name);
    expect(cardNamed(` ${name.toUpperCase()} `)).toBe(name);
    if (!['m40', 'gh200'].includes(name)) expect(cardNamed(name.replaceAll('-', ' '))).toBe(name);
  });

  it.each([
    ['A100', ['a100-40gb', 'a100-64gb', 'a100-80gb']],
    ['NVIDIA H100', ['h100-80gb', 'h100-nvl', 'h100-pcie']],
    ['Tesla V100', ['v100-16gb', 'v100-32gb']],
    ['a800', ['a800-40gb', 'a800-80gb']],
  ])('%s is more than one card, and is asked which', async (typed, names) => {
    const error = await refusal(() => cardNamed(typed));
    expectHelpful(error, 'ambiguous-gpu', names);
    expect(error.nextSteps).toEqual(names.map((name) => `--gpu ${name}`));
  });

  it.each([
    'GTX 1080',
    'RTX 4070 Ti',
    'RTX 4070 Ti SUPER',
    'NVIDIA GeForce RTX 4060 Laptop GPU',
    'Quadro RTX 6000',
    'RTX 3080 12GB',
    'MI250X',
    'NVIDIA A100-SXM4-40GB MIG 1g.5gb',
    'TITAN',
    'rtx',
    '40gb',
    'x'.repeat(100_000),
  ])('%s is taken for no other card, and the error says what to give instead', async (typed) => {
    const error = await refusal(() => cardNamed(typed));
    expectHelpful(error, 'unknown-gpu', []);
    expect(error.nextSteps.join(' ')).toContain('--vram');
  });

  it('an unknown card of a known name keeps the size that was typed', async () => {
    const { nextSteps } = await refusal(() => cardNamed('RTX 3080 12GB'));
    expect(nextSteps.join(' ')).toContain('--vram 12GB');
  });

  /** Lines of nvidia-smi: the product's name, then MiB. */
  it.each([
    ['NVIDIA A100-SXM4-40GB', 40960, 'a100-40gb'],
    ['NVIDIA A100 80GB PCIe', 81920, 'a100-80gb'],
    ['NVIDIA H100 80GB HBM3', 81559, 'h100-80gb'],
    ['NVIDIA H100 PCIe', 81559, 'h100-pcie'],
    ['NVIDIA H100 NVL', 95830, 'h100-nvl'],
    ['NVIDIA GeForce RTX 4090', 24564, 'rtx-4090'],
    ['NVIDIA GeForce RTX 2080 Ti', 11264, 'rtx-2080-ti'],
    ['Tesla T4', 15360, 't4'],
    ['Tesla V100-SXM2-16GB', 16160, 'v100-16gb'],
    ['Tesla V100-SXM2-32GB', 32510, 'v100-32gb'],
    ['NVIDIA L40S', 46068, 'l40s'],
    ['NVIDIA L4', 23034, 'l4'],
    ['NVIDIA A10G', 23028, 'a10g'],
    ['NVIDIA RTX 6000 Ada Generation', 49140, 'rtx-6000-ada'],
    ['NVIDIA H200', 143771, 'h200'],
    ['NVIDIA RTX A6000', 49140, 'a6000'],
    ['Tesla M40', 11448, 'm40-12gb'],
    ['Tesla M40 24GB', 22945, 'm40'],
    ['NVIDIA GH200 480GB', 97871, 'gh200'],
    ['NVIDIA GeForce GTX 1080', 8192, undefined],
    ['NVIDIA GeForce RTX 3080', 12288, undefined],
  ])('nvidia-smi’s %s with %i MiB is %s', (product, totalMiB, name) => {
    expect(cardOfProduct(product, totalMiB)).toBe(name);
  });
});

describe('a card given by its size', () => {
  const device = async (flags: Record<string, string>) => (await resolveConfig({ model: 'tiny', flags })).device!;

  it('is of Ampere or newer unless --architecture says otherwise, and only the older ones lack bf16', async () => {
    expect(await device({ vram: '24GB' })).toMatchObject({ architecture: 'Ampere or newer' });
    for (const [architecture, has] of [
      ['maxwell', false],
      ['pascal', false],
      ['volta', false],
      ['turing', false],
      ['ampere', true],
      ['ada', true],
      ['hopper', true],
      ['blackwell', true],
    ] as const)
      expect(hasBf16(await device({ vram: '24GB', architecture })), architecture).toBe(has);
  });

  it('takes all but its size from a card of its generation', async () => {
    const { computeCapability, contextBytes } = deviceOf('t4');
    const turing = await device({ vram: '11GB', architecture: 'turing' });
    expect(turing).toMatchObject({ name: '11GB', computeCapability, contextBytes, architecture: 'Turing' });
  });

  it.each([
    [{ gpu: 't4', architecture: 'turing' }, ['--architecture turing', '--gpu']],
    [{ architecture: 'pascal' }, ['--architecture pascal', '--vram']],
  ])('%j is refused: a generation belongs to a size', async (flags, names) => {
    expectHelpful(await refusal(() => resolveConfig({ flags })), 'conflicting-options', names);
  });
});

describe('bf16 on a card that has none', () => {
  const of = (model: string, flags: Record<string, string>) => estimate({ model, flags });
  it('is computed in fp32 in JAX, which the numbers and the words say', async () => {
    const { config, memory, onCard, assumptions } = await of('graphcast-operational', {
      mode: 'inference',
      gpu: 'm40',
    });
    // XLA:GPU's own buffer assignment of this program for a card before Ampere (jaxlib 0.10.2, a described V100), in bf16 and in fp32.
    expect(memory.peakLiveBytes / 30_956_828_476).toBeCloseTo(1, 2);
    const fp32 = await of('graphcast-operational', { mode: 'inference', precision: 'fp32', gpu: 'm40' });
    expect(fp32.memory.peakLiveBytes / 28_914_399_044).toBeCloseTo(1, 3);
    expect(onCard?.precision).toBe('an M40 has no bf16: fp32');
    expect(subject(config)).toContain(' · fp32 (no bf16) · m40');
    expect(assumptions.join('\n')).toMatch(
      /M40 has no bf16: XLA computes in fp32.*\n.*7\.5 \(CUDA 13\) or 5\.2 \(CUDA 12\)/,
    );
  });

  it('is emulated in PyTorch: the same bytes of arrays, and said', async () => {
    const flags = { precision: 'bf16', grid: '46x90', 'mesh-level': '3' };
    const pascal = await of('physicsnemo-graphcast', { ...flags, gpu: 'p40' });
    const ampere = await of('physicsnemo-graphcast', { ...flags, gpu: 'a10' });
    expect(pascal.memory.peakLiveBytes).toBe(ampere.memory.peakLiveBytes);
    expect(pascal.onCard?.precision).toContain('a P40 has no bf16: emulated');
    expect(subject(pascal.config)).toContain(' · bf16 (emulated) · p40');
    expect(subject(ampere.config)).toContain(' · bf16 · a10');
    expect(ampere.onCard?.precision).toBeUndefined();
  });

  it('is what AMD’s cards have from the MI100 on', async () => {
    expect(['mi50', 'mi100', 'mi210', 'mi250', 'mi300x'].map((name) => hasBf16(deviceOf(name)))).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    const native = await of('graphcast-small', { gpu: 'mi300x' });
    const upcast = await of('graphcast-small', { gpu: 'mi50' });
    expect(native.memory.peakLiveBytes).toBeLessThan(0.6 * upcast.memory.peakLiveBytes);
  });

  it('a card older than every current build says so whatever the precision', async () => {
    const { onCard } = await of('graphcast-small', { gpu: 'k80', precision: 'fp32' });
    expect(onCard?.precision).toContain('no current build of JAX');
  });
});
