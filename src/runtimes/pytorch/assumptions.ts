import { decisiveTraits, oneCard, reservedErrorBar } from '../../accuracy/evidence.js';
import { offloadsBoundary, offloadsOptimizer } from '../../config/offload.js';
import type { Config } from '../../config/types.js';
import { codeBaseOf, layoutOf } from '../../models/index.js';

/** See "Left out" in docs/memory-model.md, and the published table in docs/accuracy-pytorch.md. */
export function pytorchAssumptions(config: Config): readonly string[] {
  const { model, recipe } = config;
  const notes: string[] = [];
  const { isStandIn, worstUnderPercent } = reservedErrorBar(config);
  if (isStandIn)
    notes.push(
      `No record that ships is of ${layoutOf(model.layout).label} in ${recipe.mode === 'train' ? 'training' : 'inference'} with ${decisiveTraits(
        config,
      )
        .filter((trait) => trait !== oneCard)
        .join(
          ' and ',
        )}: the upper end of the range allows for an estimate that is ${Number(worstUnderPercent.toFixed(2))} % too low, the worst of all PyTorch records of one card.`,
    );
  if (recipe.allocator !== 'expandable')
    notes.push(
      'Reserved memory is for the default allocator, whose fragmentation a real card may show differently: of two published readings one is 1 %, one 11 % above. --allocator expandable is the stabler setting.',
    );
  if (offloadsOptimizer(recipe))
    notes.push(
      'The optimizer is on the host as in torchao’s CPUOffloadOptimizer (0.18): tensors below 4,096 elements are updated on the card, gradients stay there until they are cleared, and clipping does not reach the copies that the host has of them.',
    );
  if (offloadsBoundary(recipe))
    notes.push(
      'Inputs of recomputed segments wait on the host as with torch.autograd.graph.save_on_cpu(pin_memory=True) around each outermost checkpoint call.',
    );
  if (offloadsBoundary(recipe) && codeBaseOf(model.layout).graphcastShape === undefined)
    notes.push(
      `Traced are PhysicsNeMo’s checkpoint calls; those of ${layoutOf(model.layout).label} are taken to be handed what their blocks read.`,
    );
  return notes;
}
