/** Real steps under a real torch, by the built command line: `npm run build` and `npm run torch:install` first. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type RecordedArrays, recompute } from '../../../src/memory/recompute.js';
import { readTrace } from '../../../src/verify/capture/trace-file.js';
import { parseMeasured } from '../../../src/verify/measured-file.js';
import { at, captured, capturedTogether, packages, peakOf, peaksOf, run, userFile } from './captured.js';

/** Every function of steps.py that is a step. */
const steps = [...readFileSync(at('./steps.py'), 'utf8').matchAll(/^def (\w+)\(\):$/gm)].map(([, name]) => name!);

describe.skipIf(!existsSync(packages))('gc-plan capture', () => {
  it('counts live bytes at the peak as torch’s own MemTracker does, on every step of steps.py', async () => {
    const { stdout, stderr } = await run('python3', [
      ...['-W', 'ignore', at('./mem_tracker.py'), at('../../../src/verify/capture'), at('./steps.py')],
      ...steps,
    ]);
    const counted = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { step: string; recorded: number; memTracker: number });
    expect(
      counted.map(({ step }) => step),
      stderr,
    ).toEqual(steps);
    expect(steps.length).toBeGreaterThanOrEqual(12);
    for (const { step, recorded, memTracker } of counted)
      expect.soft({ step, recorded }).toEqual({ step, recorded: memTracker });
  });

  it('records the same trace twice, of which the parts that can be counted by hand are right', async () => {
    const first = await captured(`${at('./steps.py')}:mesh_with_ema`);
    const [second] = capturedTogether(at('./steps.py'), [['mesh_with_ema']]);
    expect(first.exit, JSON.stringify(first.report)).toBe(0);
    const linesOf = (file: string) => gunzipSync(readFileSync(file)).toString().split('\n');
    // The first line holds what was noted too: the step on the CPU.
    expect(linesOf(first.file).slice(1)).toEqual(linesOf(second!.trace).slice(1));
    const { head, trace, bytesOfBuffer } = await readTrace(first.file);
    // MLP(a → w → w) has aw + w + w² + w parameters and a norm of 2w; embedders of 5 and 4, three layers of 3w and 2w, a head.
    const w = 32;
    const mlp = (inputs: number) => inputs * w + w + w * w + w + 2 * w;
    const count = mlp(5) + mlp(4) + 3 * (mlp(3 * w) + mlp(2 * w)) + 2 * w + 2;
    expect(head.parameters.count).toBe(2 * count);
    const ofCategory = (category: number) =>
      bytesOfBuffer.reduce((sum, bytes, buffer) => sum + (trace.bufferCategory[buffer] === category ? bytes : 0), 0);
    expect(ofCategory(0)).toBe(2 * 4 * count);
    // exp_avg, exp_avg_sq and max_exp_avg_sq.
    expect(ofCategory(2)).toBe(3 * 4 * count);
    // 300 nodes of 5, 1,800 edges of 4, two lists of node numbers, 300 targets of 2.
    expect(ofCategory(3)).toBe(4 * 300 * 5 + 4 * 1800 * 4 + 8 * 2 * 1800 + 4 * 300 * 2);
    // Two steps, each with its gradients.
    expect(ofCategory(1)).toBe(2 * 4 * count);
    expect(trace.modules).toContain('layers.1.edge.0');
  });

  it('names what it cannot see, and exits with 1', async () => {
    const file = userFile(`
def compiled():
  model = torch.compile(nn.Linear(3, 4).cuda())
  return lambda: model(torch.randn(2, 3, device='cuda')).sum().backward()

def data_dependent():
  def step():
    x = torch.randn(9, device='cuda')
    x[x > 0].sum()
  return step

@torch.library.custom_op('mine::kernel', mutates_args=())
def kernel(x: torch.Tensor) -> torch.Tensor:
  return x.clone()

def extension():
  return lambda: kernel(torch.randn(2, device='cuda'))
`);
    const { exit, report } = await captured(`${file}:compiled`);
    expect(exit, JSON.stringify(report)).toBe(1);
    expect({ what: report.unseen.map(({ what }) => what), isRecorded: report.trace !== null }).toEqual({
      what: ['torch.compile of Linear'],
      isRecorded: true,
    });
    const [dependent, extension] = capturedTogether(file, [['data_dependent'], ['extension']]);
    expect(dependent!.unseen!.map(({ what }) => what)).toEqual([expect.stringContaining('nonzero')]);
    expect(extension!.unseen!.map(({ what }) => what)).toEqual([expect.stringContaining('mine::kernel')]);
    expect([dependent, extension].map((each) => existsSync(each!.trace))).toEqual([false, false]);
  });

  it('refuses code that fails by itself, with file, line and reason, and writes nothing', async () => {
    const file = userFile(`
def wrong_shape():
  model = nn.Linear(3, 4).cuda()
  return lambda: model(torch.randn(2, 5, device='cuda'))

def no_step():
  return 3

def on_the_host():
  return lambda: nn.Linear(3, 4)(torch.randn(2, 3))
`);
    const { exit, report, file: trace } = await captured(`${file}:wrong_shape`);
    expect({ exit, isThere: existsSync(trace) }).toEqual({ exit: 2, isThere: false });
    expect(`${report.code}: ${report.message}`).toMatch(/^step-failed: user\d+\.py:6: RuntimeError/);
    const answers = capturedTogether(file, [['no_step'], ['on_the_host'], ['missing']]);
    expect(answers.map(({ refused }) => `${refused!.code}: ${refused!.message}`)).toEqual([
      expect.stringMatching(/^no-step: no_step\(\) returned int/),
      expect.stringMatching(/^nothing-on-the-card/),
      expect.stringMatching(/^no-such-function/),
    ]);
  });

  it('refuses a small step whose types a kernel refuses, which fake tensors let pass', async () => {
    const file = userFile(`
class Product(torch.autograd.Function):
  @staticmethod
  def forward(ctx, x, w):
    ctx.save_for_backward(x, w)
    return x @ w.to(x.dtype)

  @staticmethod
  def backward(ctx, gradient):
    x, w = ctx.saved_tensors
    return gradient @ w.t(), x.t() @ gradient

def mixed():
  w = nn.Parameter(torch.randn(8, 8, device='cuda'))
  x = torch.randn(3, 8, device='cuda', dtype=torch.bfloat16, requires_grad=True)
  return lambda: Product.apply(x, w).sum().backward()
`);
    const { exit, report } = await captured(`${file}:mixed`);
    expect(exit).toBe(2);
    expect(`${report.code}: ${report.message}`).toMatch(/^step-failed: user\d+\.py:13: RuntimeError: .*dtype/);
    expect((await captured(`${file}:mixed`, '--no-rehearsal')).exit).toBe(0);
  });

  it('recomputes the modules that it is told, on another batch and under autocast: the arrays of a step written so', async () => {
    const file = userFile(`
from torch.utils.checkpoint import checkpoint

class Net(nn.Module):
  def __init__(self, recompute):
    super().__init__()
    self.recompute = recompute
    self.layers = nn.ModuleList(nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64)) for _ in range(4))

  def forward(self, x):
    for layer in self.layers:
      x = x + (checkpoint(layer, x, use_reentrant=False) if self.recompute else layer(x))
    return x

def made(recompute=False, rows=100):
  model = Net(recompute)
  return model, torch.optim.SGD(model.parameters()), (torch.randn(rows, 64), torch.randn(rows, 64)), nn.MSELoss()

def plain():
  return made()

def written():
  return made(recompute=True, rows=300)

def other():
  step = torch.zeros(3, device='cuda')
  return lambda: step.sum()
`);
    const { report } = await captured(`${file}:plain`, '--checkpoint', 'layers.*', '--batch', '300', '--no-rehearsal');
    const changed = report.trace!.peakLiveBytes;
    const [written, larger, plain, lower] = await peaksOf(file, [
      ['written'],
      ['plain', { batch: 300 }],
      ['plain'],
      ['plain', { autocast: 'bf16' }],
    ]);
    expect(changed).toBe(written);
    expect(changed).toBeLessThan(larger!);
    expect(lower).toBeLessThan(plain!);
    const refused = capturedTogether(file, [
      ['plain', { checkpoint: ['layer.*'] }],
      ['other', { batch: 2 }],
    ]);
    expect(refused.map((each) => each.refused!.code)).toEqual(['not-changed', 'not-changed']);
  });

  it('advises what a second capture confirms: recomputed layers, to the byte', async () => {
    const file = userFile(`
def layers():
  model = nn.Sequential(*(nn.Sequential(nn.Linear(256, 1024), nn.GELU(), nn.Linear(1024, 256)) for _ in range(8)))
  return model, torch.optim.SGD(model.parameters()), (torch.randn(4096, 256), torch.randn(4096, 256)), nn.MSELoss()
`);
    const [before, after] = capturedTogether(file, [['layers'], ['layers', { checkpoint: ['*'] }]]);
    const { stdout } = await run(process.execPath, [
      at('../../../bin/run.js'),
      ...['advise', '--trace', before!.trace, '--vram', '8GB', '--json'],
    ]);
    const layers = JSON.parse(stdout).recompute.find(({ module }: { module: string }) => module === '*');
    expect(layers.numCalls).toBe(8);
    // Two products of 2 · rows · in · out each.
    expect(layers.repeatedFlops).toBe(8 * 2 * 2 * 4096 * 256 * 1024);
    expect(layers.peakLiveBytes).toBe(await peakOf(after!.trace));
  });

  it('replays a checkpoint with the allocations and frees of the captured one, whatever the model', async () => {
    const models = [
      ['vit', 'blocks.*', /^blocks\.\d+$/],
      ['u_net', 'down.*', /^down\.\d+$/],
      ['library_transformer', 'layers.*', /^layers\.\d+$/],
      ['mesh_with_ema', 'layers.*', /^layers\.\d+$/],
    ] as const;
    const captures = capturedTogether(
      at('./steps.py'),
      models.flatMap(([step, checkpoint]) => [[step], [step, { checkpoint: [checkpoint] }]] as const),
    );
    for (const [number, [step, , module]] of models.entries()) {
      const [before, after] = [
        await readTrace(captures[2 * number]!.trace),
        await readTrace(captures[2 * number + 1]!.trace),
      ];
      const calls = before.calls.filter((call) => module.test(call.module));
      expect.soft(calls.length, step).toBeGreaterThan(3);
      expect.soft(allocationsOf(recompute(before, calls)), step).toEqual(allocationsOf(after));
    }
  });

  it('measures on a card what PyTorch counts there, in the format of verify --measured; here torch.cuda is a stand-in', async () => {
    const program = `
import json, sys
sys.path.insert(0, ${JSON.stringify(at('../../../src/verify/capture'))})
import torch
import measure
steps = []
stand_in = dict(is_available=lambda: True, synchronize=lambda: None, reset_peak_memory_stats=lambda: None,
  memory_stats=lambda: {"reserved_bytes.all.peak": 4096, "of no use": 1}, mem_get_info=lambda: (1, 8),
  get_device_name=lambda index: "Stand-in", max_memory_allocated=lambda: 2048, max_memory_reserved=lambda: 4096)
for name, value in stand_in.items(): setattr(torch.cuda, name, value)
answer = measure.measure(lambda *given: lambda: steps.append(1), "f.py", "f", {})
print(json.dumps({"steps": len(steps), **answer}))
`;
    const { stdout, stderr } = await run('python3', ['-c', program]);
    const { steps: numSteps, measured } = JSON.parse(stdout || stderr);
    expect(numSteps).toBe(3);
    const [record] = parseMeasured(JSON.stringify(measured), 'numbers.jsonl');
    expect(record!.quantities.map(({ quantity, measuredBytes }) => [quantity, measuredBytes])).toEqual([
      ['peakAllocatedBytes', 2048],
      ['peakReservedBytes', 4096],
    ]);
    const { exit, report } = await captured(`${at('./steps.py')}:vit`, '--device', 'cuda');
    expect({ exit, code: report.code }).toEqual({ exit: 2, code: 'no-card' });
  });

  it('holds the buckets of data parallelism: as many bytes as the gradients', async () => {
    const file = userFile(`
from torch.nn.parallel import DistributedDataParallel

def step_of(parallel):
  model = nn.Sequential(*(nn.Linear(64, 64) for _ in range(3))).cuda()
  if parallel:
    torch.distributed.init_process_group('nccl', rank=0, world_size=1)
    model = DistributedDataParallel(model, device_ids=[0])
  optimizer = torch.optim.SGD(model.parameters())
  x = torch.randn(5, 64, device='cuda')
  def step():
    optimizer.zero_grad()
    model(x).sum().backward()
    optimizer.step()
  return step

def alone():
  return step_of(False)

def parallel():
  return step_of(True)
`);
    const [alone, parallel] = await peaksOf(file, [['alone'], ['parallel']]);
    expect(parallel! - alone!).toBe(4 * 3 * (64 * 64 + 64));
  });
});

/** Each allocation's bytes, and before it the bytes that were freed since the last one: in which order those go, an allocator does not see. */
function allocationsOf({ trace, bytesOfBuffer }: RecordedArrays): readonly string[] {
  const allocations: string[] = [];
  let freed: number[] = [];
  for (const event of trace.events) {
    if (event < 0) freed.push(bytesOfBuffer[-event - 1]!);
    else {
      allocations.push(`${freed.sort((a, b) => a - b).join('+')} → ${bytesOfBuffer[event - 1]}`);
      freed = [];
    }
  }
  return allocations;
}
