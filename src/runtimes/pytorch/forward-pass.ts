/**
 * Runs a forward program as PyTorch eager does: one kernel after the other, block by block, and a checkpoint's block once more in the
 * backward pass. The operations' rules are in `rules.ts`.
 */
import type { Recipe } from '../../config/types.js';
import type { Block, ForwardProgram } from '../../ir/forward-program.js';
import type { ValueId } from '../../ir/types.js';
import type { TraceRecorder } from '../../memory/recorder.js';
import { noTurn } from '../../memory/turns.js';
import { Boundary } from './boundary.js';
import type { Lowering } from './lowering.js';
import { Replay, replayStop } from './replay.js';
import { lower } from './rules.js';

export class ForwardPass {
  private readonly recorder: TraceRecorder;
  private readonly boundary: Boundary;

  constructor(
    private readonly program: ForwardProgram,
    private readonly lowering: Lowering,
    private readonly recipe: Recipe,
  ) {
    this.recorder = lowering.recorder;
    this.boundary = new Boundary(program, lowering.recorder, recipe);
  }

  /** Its results stay with the caller, who takes or drops them. */
  run(): void {
    this.lowering.autocastRegion(() => {
      this.runBlock(this.program.root);
      this.recorder.turn = noTurn;
    });
  }

  private runBlock(block: Block): void {
    const { lowering, boundary } = this;
    const { savedTensors } = lowering;
    if (block.role.kind === 'model') this.beginStep(block, block.role.rolloutStep);
    if (!block.recomputed || this.recipe.mode !== 'train') {
      this.runBody(block);
      return;
    }
    const offloaded = boundary.offloaded && !savedTensors.inCheckpoint;
    const values = offloaded ? boundary.inputsOf(block) : block.inputs;
    const inputs = values.map((value) => ({ value, tensor: lowering.tensor(value) }));
    const kept = offloaded ? boundary.send(block, inputs) : savedTensors.keepInputs(inputs);
    const replay = new Replay(block, inputs, kept, this.recorder, (self) => this.replay(self));
    savedTensors.within({ kind: 'checkpoint', replay }, () => this.runBody(block));
  }

  private beginStep({ times, inputs }: Block, rolloutStep: number): void {
    this.recorder.turn = rolloutStep;
    if (times !== undefined) this.recorder.repeatTurn(rolloutStep, times);
    if (rolloutStep > 0) this.selectSample(inputs[0]!);
  }

  /** PhysicsNeMo's prepare_input reads `prediction[0]`: no copy forward, zeros of the whole backward. */
  private selectSample(prediction: ValueId): void {
    const { lowering } = this;
    const tensor = lowering.tensor(prediction);
    const target = lowering.node([tensor.target], () => [lowering.pool.make(tensor.shape, tensor.elementBytes)]);
    lowering.bind(prediction, { ...tensor, target });
  }

  private replay(replay: Replay): void {
    const { lowering, recorder } = this;
    const inputs = replay.inputs();
    recorder.mark('backward', true);
    recorder.currentCategory = 'activation';
    lowering.runAgain(inputs, () =>
      lowering.savedTensors.within({ kind: 'record', replay }, () => this.runUntilStopped(replay.block)),
    );
    replay.letGo(inputs);
    recorder.currentCategory = 'temporary';
    recorder.mark('backward');
  }

  private runUntilStopped(block: Block): void {
    try {
      this.runBody(block);
    } catch (stop) {
      if (stop !== replayStop) throw stop;
    }
  }

  private runBody(block: Block): void {
    const { lowering, recorder } = this;
    const module = recorder.module(block.module);
    for (const node of block.body) {
      if (node.kind === 'block') this.runBlock(node);
      else if (node.kind === 'drop') lowering.drop(node.value);
      else {
        recorder.currentModule = module;
        recorder.currentOperation = lowering.labels.forward(node.output, block);
        lower(lowering, node);
      }
    }
  }
}
