/**
 * What a training step really holds: bytes of the distinct buffers behind all tensors, at every moment at which one comes or goes.
 * `tf.memory()` counts a buffer once per tensor (21 to 53 % too much); the native backend makes a new id for a reshaped or
 * cast array that shares its source's buffer (9 % too much). Both are seen through here.
 */
import { engineOf, type Library } from './library.js';

export interface StepMeasurement {
  /** Bytes that came (+) or went (−), in order. */
  readonly events: readonly number[];
  readonly startBytes: number;
  readonly forwardEndBytes: number;
  readonly peakLiveBytes: number;
  /** Peak while the optimizer ran. */
  readonly optimizerBytes: number;
}

export interface Meter {
  readonly liveBytes: () => number;
  readonly beginStep: () => void;
  readonly beginOptimizer: () => void;
  readonly endStep: () => StepMeasurement;
  readonly stop: () => void;
}

interface Buffer {
  references: number;
  readonly bytes: number;
}

export type StepPhase = 'forward' | 'backward' | 'optimizer';

/** `onPhase`: for a progress bar. */
export function startMeter(tf: Library, onPhase: (phase: StepPhase) => void = () => {}): Meter {
  const engine = engineOf(tf);
  const { trackTensor, removeDataId, tidy, runKernel } = engine;
  const buffers = new WeakMap<object, Buffer>();
  let source: Buffer | undefined;
  let live = 0;
  let phase: StepPhase = 'forward';
  const enter = (next: StepPhase) => {
    phase = next;
    onPhase(next);
  };
  let step = { events: [] as number[], startBytes: 0, forwardEndBytes: 0, peakLiveBytes: 0, optimizerBytes: 0 };

  /** What a kernel makes and lets go again (the native binding's axes and intermediate results) is no event of the step. */
  let inKernel = new Map<Buffer, number>();
  let kernelDepth = 0;
  const note = (bytes: number) => {
    if (bytes !== 0) step.events.push(bytes);
  };
  const change = (buffer: Buffer, bytes: number) => {
    live += bytes;
    if (live > step.peakLiveBytes) step.peakLiveBytes = live;
    if (phase === 'optimizer' && live > step.optimizerBytes) step.optimizerBytes = live;
    if (kernelDepth === 0) note(bytes);
    else if (!inKernel.delete(buffer)) inKernel.set(buffer, bytes);
  };
  engine.runKernel = (...args) => {
    kernelDepth++;
    try {
      return runKernel.apply(engine, args);
    } finally {
      if (--kernelDepth === 0) {
        for (const bytes of inKernel.values()) note(bytes);
        inKernel = new Map();
      }
    }
  };
  engine.trackTensor = (tensor, backend) => {
    if (!engine.state.tensorInfo.has(tensor.dataId)) {
      const bytes = tensor.size * (tensor.dtype === 'bool' ? 1 : 4);
      if (source?.bytes === bytes) {
        source.references += 1;
        buffers.set(tensor.dataId, source);
      } else {
        const buffer = { references: 1, bytes };
        buffers.set(tensor.dataId, buffer);
        change(buffer, bytes);
      }
    }
    trackTensor.call(engine, tensor, backend);
  };
  engine.removeDataId = (dataId, backend) => {
    const buffer = engine.state.tensorInfo.get(dataId)?.backend === backend ? buffers.get(dataId) : undefined;
    removeDataId.call(engine, dataId, backend);
    if (buffer !== undefined && --buffer.references === 0) change(buffer, -buffer.bytes);
  };
  engine.tidy = (name, f) => {
    if (name === 'backward' && phase === 'forward') {
      enter('backward');
      step.forwardEndBytes = live;
    }
    return tidy.call(engine, name, f);
  };
  const restoreKernels =
    tf.getBackend() === 'tensorflow'
      ? shareBuffers(
          tf,
          (dataId) => buffers.get(dataId),
          (of) => {
            source = of;
          },
        )
      : () => {};

  return {
    liveBytes: () => live,
    beginStep() {
      enter('forward');
      step = { events: [], startBytes: live, forwardEndBytes: 0, peakLiveBytes: live, optimizerBytes: 0 };
    },
    beginOptimizer() {
      enter('optimizer');
      step.optimizerBytes = live;
    },
    endStep: () => ({ ...step, events: [...step.events], forwardEndBytes: step.forwardEndBytes || live }),
    stop() {
      Object.assign(engine, { trackTensor, removeDataId, tidy, runKernel });
      restoreKernels();
    },
  };
}

/** While one of these kernels runs, what it makes lies in its input's buffer. */
function shareBuffers(
  tf: Library,
  bufferOf: (dataId: object) => Buffer | undefined,
  setSource: (buffer: Buffer | undefined) => void,
): () => void {
  const restore = ['Reshape', 'ExpandDims', 'Cast'].map((name) => {
    const kernel = tf.getKernel(name, tf.getBackend());
    const { kernelFunc } = kernel;
    kernel.kernelFunc = (args) => {
      const [input] = Object.values(args.inputs as unknown as Record<string, { readonly dataId: object }>);
      setSource(bufferOf(input!.dataId));
      try {
        return kernelFunc(args);
      } finally {
        setSource(undefined);
      }
    };
    return () => {
      kernel.kernelFunc = kernelFunc;
    };
  });
  return () => {
    for (const each of restore) each();
  };
}
