/** Laws that tie a checkpoint plan to the runtime and to the depth that it cuts. */

import {
  type CheckpointPart,
  checkpointPartsByRuntime,
  layoutTraits,
  partsOf,
  runtimeLabels,
} from '../config/capabilities.js';
import { divisorsOf } from '../config/divisors.js';
import type { CheckpointPlan, Model, RuntimeName } from '../config/types.js';
import { InputError } from '../errors.js';

/** The parts of a plan that a runtime can't recompute in this model. Edge blocks in PyTorch are anemoi's mapper chunks. */
export function lackingParts(
  plan: CheckpointPlan,
  runtime: RuntimeName,
  { layout, counts }: Model,
): readonly CheckpointPart[] {
  const has = checkpointPartsByRuntime[runtime];
  // Chunks of mappers are cut from the graph itself, of which typed counts say too little.
  const noEdgeBlocks = runtime === 'pytorch' && (!layoutTraits[layout].edgeBlocks || counts !== undefined);
  return partsOf(plan).filter((part) => !has.includes(part) || (part === 'edges:blocks' && noEdgeBlocks));
}

/** A typed plan is never cut down silently. */
export function checkTypedPlan(plan: CheckpointPlan, runtime: RuntimeName, model: Model): void {
  const [lacking] = lackingParts(plan, runtime, model);
  if (!lacking) return;
  const where = layoutTraits[model.layout].runtimes.filter((other) => lackingParts(plan, other, model).length === 0);
  throw new InputError(
    'not-in-runtime',
    `--checkpoint ${lacking}: ${runtimeLabels[runtime]} can't recompute that for ${model.name}.`,
    [...where.map((other) => `--runtime ${other}`), '--checkpoint encoder+processor:every=2'],
  );
}

/** Laws between a plan and the depth it cuts. */
export function checkPlan(
  { processor, edges, encoder, decoder }: CheckpointPlan,
  model: Model,
  runtime: RuntimeName,
): void {
  if (processor.kind === 'every') checkEvery(processor.layers, model);
  if (processor.kind === 'segments') checkSegments(processor.segments, model.layers);
  if (edges.kind !== 'none' && runtime === 'jax' && !(encoder && decoder)) {
    throw new InputError(
      'edges-need-encoder-and-decoder',
      '--checkpoint edges:blocks: the blocks lie inside the recomputed encoder and decoder, so both parts must be there.',
      [`--checkpoint encoder+decoder+edges:blocks=${edges.blocks}`],
    );
  }
}

function checkEvery(every: number, { layers, layout }: Model): void {
  const typed = `--checkpoint processor:every=${every}`;
  if (every > layers) {
    throw new InputError('segment-too-long', `${typed}: there are ${layers} layers only.`, [
      `--checkpoint processor:every=${layers}`,
    ]);
  }
  // anemoi's num_chunks must divide num_layers, and each chunk has the same number of layers.
  if (layoutTraits[layout].edgeBlocks && layers % every !== 0) {
    const shorter =
      divisorsOf(layers)
        .filter((count) => count < every)
        .at(-1) ?? 1;
    throw new InputError('segments-do-not-divide', `${typed}: anemoi's chunks must divide its ${layers} layers.`, [
      `--checkpoint processor:every=${shorter}`,
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
