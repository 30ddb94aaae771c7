/** How large a model may be typed. Beyond them a number is a slip of the hand, and sums would no longer be exact integers. */
export const maximumMeshLevel = 8;
export const maximumLayers = 1_024;
export const maximumHiddenDim = 65_536;
export const maximumEdges = 1e9;
/** Samples, rollout steps, GPUs, channels. */
export const maximumCount = 65_536;
