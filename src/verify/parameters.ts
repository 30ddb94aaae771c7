/** Initial parameters from a seed, the same on every machine. */

/** Numerical Recipes' linear congruential generator; → uniform in [0, 1). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Weights uniform with variance 1/inputs, biases and offsets 0, scales 1. */
export function initialValues(name: string, shape: readonly number[], random: () => number): Float32Array {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (name.endsWith('.weight')) {
    const reach = Math.sqrt(3 / shape[0]!);
    return values.map(() => (2 * random() - 1) * reach);
  }
  return name.endsWith('.scale') ? values.fill(1) : values;
}
