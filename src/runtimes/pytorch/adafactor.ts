/**
 * torch.optim.Adafactor (Shazeer and Stern 2018, arXiv 1804.04235; torch 2.13, optim/_adafactor.py): a matrix's second moments are
 * one row and one column, a vector's are whole; no first moments. Its default is a loop over the parameters whose local
 * variables hold the last parameter's temporaries until the next one's replace them.
 */

import { axis, type Shape } from '../../ir/shape.js';
import type { StorageId } from '../../memory/recorder.js';
import type { Update } from './optimizer.js';

const scalar: Shape = [axis('one')];

interface Factors {
  readonly row: Shape;
  readonly column: Shape;
}

/** Of `[in, out]`, which torch holds as `[out, in]`: its row factor is `[out, 1]`, its column factor `[1, in]`. */
function factorsOf(shape: Shape): Factors | undefined {
  const [input, output] = shape;
  return input && output && { row: [output], column: [input] };
}

export function makeFactoredState({ recorder, shapes, elementBytes }: Update): void {
  for (const shape of shapes) {
    const factors = factorsOf(shape);
    for (const part of factors ? [factors.row, factors.column] : [shape]) recorder.allocate(part, elementBytes);
  }
}

/** In the order in which the frame lets go. */
const localVariables = ['rowMean', 'columnMean', 'squaredGradient', 'update'] as const;
type Local = (typeof localVariables)[number];

export function adafactorStep({ recorder, shapes, elementBytes }: Update): void {
  const locals: Partial<Record<Local, StorageId>> = {};
  const letGo = (storage: StorageId | undefined) => {
    if (storage !== undefined) recorder.release(storage);
  };
  const make = (shape: Shape) => recorder.allocate(shape, elementBytes);
  const assign = (name: Local, shape: Shape) => {
    const former = locals[name];
    locals[name] = make(shape);
    letGo(former);
  };
  for (const shape of shapes) {
    const factors = factorsOf(shape);
    letGo(make(scalar));
    if (factors) {
      assign('rowMean', factors.row);
      assign('columnMean', factors.column);
    } else assign('squaredGradient', shape);
    // The estimate of the second moments becomes the update in place, and only then takes the last one's name.
    const former = locals.update;
    locals.update = make(shape);
    if (factors) letGo(make(scalar));
    letGo(former);
    letGo(make(scalar));
  }
  for (const name of localVariables) letGo(locals[name]);
}
