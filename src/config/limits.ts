/** How large a model may be typed. Beyond them a number is a slip of the hand, and sums would no longer be exact integers. */
export const maximumMeshLevel = 8;
export const maximumLayers = 1_024;
export const maximumHiddenDim = 65_536;
export const maximumEdges = 1e9;
/** The most edges of a graph that is laid edge by edge so that its chunks can be counted: half a gigabyte and some seconds. */
export const maximumLaidEdges = 5e7;
/** Every block is traced by itself: with so many an answer takes a second, and the code bases' own defaults are 1 to 8. */
export const maximumEdgeBlocks = 1_024;
/** Samples, rollout steps, GPUs, channels. */
export const maximumCount = 65_536;

/** Of a card, for JAX's pool. What is left belongs to the context and the libraries, which the verdict counts on top of the share. */
export const largestShare = 0.95;
