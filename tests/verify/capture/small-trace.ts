/** A trace of three arrays and five events, which has every kind of line (docs/trace.md). */

export const head = {
  schema: 'gc-plan/trace@1',
  framework: 'pytorch',
  source: 'train.py:step',
  versions: { torch: '2.13.0' },
  parameters: { count: 4, bytes: 16 },
  numBuffers: 3,
  numEvents: 5,
  lastStepFirstEvent: 1,
  unseen: [],
  notes: ['a note'],
};
/** A parameter, then an activation of 100 bytes beside a gradient of 16. */
export const body = [
  { dtypes: ['float32'] },
  { shapes: [[4], [25]] },
  { operations: ['_to_copy', 'relu', 'ReluBackward0: mul'] },
  { modules: ['other', 'net.0'] },
  { buffers: { bytes: [16, 100], dtype: [0, 0], shape: [0, 1], operation: [0, 1], module: [0, 1], category: [0, 4] } },
  { buffers: { bytes: [16], dtype: [0], shape: [0], operation: [2], module: [1], category: [1] } },
  { events: [1, 2] },
  { events: [3, -2, -3] },
  {
    marks: [
      { phase: 'setup', firstEvent: 0 },
      { phase: 'forward', firstEvent: 1 },
      { phase: 'backward', firstEvent: 2 },
    ],
  },
  {
    calls: [
      {
        ...{ module: 1, firstEvent: 1, endEvent: 2, flops: 50, inputs: [0], outputs: [1] },
        ...{ firstSave: 0, endSave: 1, lastSaveEvent: 2 },
      },
    ],
  },
  { saves: { buffer: [1], neededAt: [2], usedAt: [3], goneAt: [3] } },
  { releases: { buffer: [1], event: [2] } },
  { end: { peakLiveBytes: 132 } },
];
/** The same bytes as a compiled step: an argument of 16, a result of 16 that is no argument, and an arena of 100. */
export const compiledHead = {
  ...head,
  framework: 'jax',
  compiled: {
    card: 'h100-80gb',
    argumentBytes: 16,
    outputBytes: 16,
    aliasBytes: 0,
    temporaryBytes: 100,
    constantBytes: 0,
    temporaryRange: { lowBytes: 90, highBytes: 100 },
  },
};
