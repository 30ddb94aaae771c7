/** TensorFlow.js in pure JavaScript: runs everywhere, slow, and to the byte the same tensors as the native backend. */
import type { Library } from '../library.js';
import { importFrom, packageFolder } from './packages.js';

export const jsInstallCommand =
  'gc-plan verify --install js   brings TensorFlow.js in pure JavaScript, which runs everywhere';

export const jsFolder = (): string | undefined => packageFolder('@tensorflow/tfjs');

interface SegmentSumArguments {
  readonly inputs: Readonly<
    Record<'x' | 'segmentIds', { readonly shape: number[]; readonly dtype: 'float32'; readonly dataId: object }>
  >;
  readonly backend: {
    readonly data: { get(dataId: object): { readonly values: Float32Array } };
    makeTensorInfo(shape: number[], dtype: string, values: Float32Array): unknown;
  };
  readonly attrs: { readonly numSegments: number };
}

/** @param folder of `@tensorflow/tfjs` */
export async function loadJs(folder: string): Promise<Library> {
  const tf = await importFrom<Library>(folder);
  tf.enableProdMode();
  await tf.setBackend('cpu');
  await tf.ready();
  // The library's own kernel masks and sums all edges once per node: minutes where one pass takes milliseconds.
  tf.unregisterKernel('UnsortedSegmentSum', 'cpu');
  tf.registerKernel({
    kernelName: 'UnsortedSegmentSum',
    backendName: 'cpu',
    kernelFunc: ((args: SegmentSumArguments) => segmentSum(args)) as never,
  });
  return tf;
}

function segmentSum({ inputs: { x, segmentIds }, backend, attrs: { numSegments } }: SegmentSumArguments) {
  const width = x.shape.slice(1).reduce((product, size) => product * size, 1);
  const rows = backend.data.get(x.dataId).values;
  const sums = new Float32Array(numSegments * width);
  let from = 0;
  for (const segment of backend.data.get(segmentIds.dataId).values) {
    const to = segment * width;
    for (let column = 0; column < width; column++) sums[to + column]! += rows[from++]!;
  }
  return backend.makeTensorInfo([numSegments, ...x.shape.slice(1)], x.dtype, sums);
}
