/**
 * torch.optim.Adafactor (Shazeer and Stern 2018, arXiv 1804.04235; torch 2.13, optim/_adafactor.py): a matrix's second moments are
 * one row and one column, a vector's are whole; no first moments. Its default is a loop over the parameters whose local
 * variables hold the last parameter's temporaries until the next one's replace them.
 */
import type { StorageId } from '../../memory/recorder.js';
import { axis, type Shape } from '../../program/shape.js';
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

export function adafactorStep({ recorder, shapes, elementBytes }: Update): void {
  /** In the order in which the frame lets go. */
  const locals = new Map<string, StorageId>(
    ['row mean', 'column mean', 'squared gradient', 'update'].map((n) => [n, -1]),
  );
  const assign = (name: string, shape: Shape) => {
    const storage = recorder.allocate(shape, elementBytes);
    const former = locals.get(name)!;
    if (former >= 0) recorder.release(former);
    locals.set(name, storage);
  };
  const passing = (shape: Shape) => recorder.release(recorder.allocate(shape, elementBytes));
  for (const shape of shapes) {
    const factors = factorsOf(shape);
    passing(scalar);
    if (factors) {
      assign('row mean', factors.row);
      assign('column mean', factors.column);
    } else assign('squared gradient', shape);
    // The estimate of the second moments, turned into the update in place.
    const former = locals.get('update')!;
    locals.set('update', recorder.allocate(shape, elementBytes));
    if (factors) passing(scalar);
    if (former >= 0) recorder.release(former);
    passing(scalar);
  }
  for (const storage of locals.values()) if (storage >= 0) recorder.release(storage);
}
