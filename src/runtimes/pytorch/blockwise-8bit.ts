/**
 * State of bitsandbytes' AdamW8bit (Dettmers et al. 2022, arXiv 2110.02861; bitsandbytes 0.50.2, optim/optimizer.py): two moments of
 * a byte per element, each with the largest magnitude of every block in fp32; what is smaller than `min_8bit_size` keeps fp32
 * moments whatever the parameters' dtype. Two tables turn bytes into numbers, one pair per optimizer. Its kernel makes nothing.
 */
import { constant } from '../../ir/shape.js';
import type { Update } from './optimizer.js';

const minElements = 4096;
const blockElements = 256;
const tableEntries = 256;

export function makeBlockwiseState({ recorder, shapes, numElementsOf }: Update): void {
  let hasTables = false;
  for (const shape of shapes) {
    const numElements = numElementsOf(shape);
    if (numElements < minElements) {
      for (let moment = 0; moment < 2; moment++) recorder.allocate(shape, 4);
      continue;
    }
    if (!hasTables) for (let table = 0; table < 2; table++) recorder.allocate([constant(tableEntries)], 4);
    hasTables = true;
    for (let moment = 0; moment < 2; moment++) recorder.allocate(shape, 1, 'uint8');
    const blocks = [constant(Math.ceil(numElements / blockElements))];
    for (let moment = 0; moment < 2; moment++) recorder.allocate(blocks, 4);
  }
}
