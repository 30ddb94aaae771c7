/** Laws that tie a checkpoint plan to the runtime and to the depth that it cuts. */

import { type CheckpointPart, partsOf } from '../config/checkpoint.js';
import { divisorsOf } from '../config/numbers.js';
import type { CheckpointPlan, Model, Recipe, RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';
import { codeBaseOf, layoutOf } from '../models/index.js';
import { labelOf, runtimeTraits } from '../runtimes/traits.js';

/** The parts of a plan that a runtime can't recompute in this model. */
export function lackingParts(
  plan: CheckpointPlan,
  runtime: RuntimeName,
  { layout, counts }: Model,
): readonly CheckpointPart[] {
  const has = runtimeTraits[runtime].checkpointParts;
  const { edgeBlocks, processorBlocks = false } = layoutOf(layout);
  const cuts = {
    'edges:blocks': edgeBlocks.includes(runtime),
    'processor:blocks': processorBlocks && counts === undefined,
  };
  return partsOf(plan).filter((part) => !has.includes(part) || cuts[part as keyof typeof cuts] === false);
}

/** A typed plan is never cut down silently. */
export function checkTypedPlan(plan: CheckpointPlan, runtime: RuntimeName, model: Model): void {
  const [lacking] = lackingParts(plan, runtime, model);
  if (!lacking) return;
  const where = layoutOf(model.layout).runtimes.filter((other) => lackingParts(plan, other, model).length === 0);
  throw new InputError(
    'not-in-runtime',
    `--checkpoint ${lacking}: ${labelOf(runtime)} can't recompute that for ${model.name}.`,
    [...where.map((other) => `--runtime ${other}`), '--checkpoint encoder+processor:every=2'],
  );
}

/** Laws between a plan and the depth it cuts. */
export function checkPlan(plan: CheckpointPlan, model: Model, runtime: RuntimeName): void {
  const { processor, edges, encoder, decoder } = plan;
  if (processor.kind === 'every') checkEvery(processor.layers, model);
  if (processor.kind === 'segments') checkSegments(processor.segments, model.layers);
  codeBaseOf(model.layout).checkPlan?.(plan, model);
  if (edges.kind !== 'none' && runtimeTraits[runtime].edgeBlocksNeedParts && !(encoder && decoder)) {
    throw new InputError(
      'edges-need-encoder-and-decoder',
      '--checkpoint edges:blocks: the blocks lie inside the recomputed encoder and decoder, so both parts must be there.',
      [`--checkpoint encoder+decoder+edges:blocks=${edges.blocks}`],
    );
  }
}

/** @throws InputError for blocks that only a forecast runs */
export function checkForecastBlocks({ mode, checkpoint: { processorBlocks } }: Recipe): void {
  if (processorBlocks === undefined || mode === 'inference') return;
  throw new InputError(
    'conflicting-options',
    `--checkpoint processor:blocks=${processorBlocks}: a forecast's; training runs all edges of a layer at once.`,
    ['--mode inference', '--checkpoint processor:every=2'],
  );
}

function checkEvery(every: number, { layers }: Model): void {
  const typed = `--checkpoint processor:every=${every}`;
  if (every > layers) {
    throw new InputError('segment-too-long', `${typed}: there are ${layers} layers only.`, [
      `--checkpoint processor:every=${layers}`,
    ]);
  }
}

/** PhysicsNeMo's set_checkpoint_processor cuts the edge and node blocks of the inner layers: first and last belong to encoder and decoder. */
function checkSegments(segments: number, layers: number): void {
  const blocks = 2 * (layers - 2);
  if (blocks < 1)
    throw new InputError(
      'too-few-layers',
      `--checkpoint processor:segments=${segments}: segments need at least 3 layers, and there are ${layers}.`,
      ['--layers 3'],
    );
  if (blocks % segments === 0) return;
  const fitting = divisorsOf(blocks);
  throw new InputError(
    'segments-do-not-divide',
    `--checkpoint processor:segments=${segments}: must divide 2 · (layers − 2) = ${blocks}.`,
    [
      `--checkpoint processor:segments=${fitting.filter((count) => count < segments).at(-1) ?? 1}`,
      `Any of ${fitting.slice(0, 12).join(', ')}.`,
    ],
  );
}
