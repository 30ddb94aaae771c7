import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blocksOfParts, partsOf } from '../../../src/runtimes/xla/column-sums.js';
import { type Gathering, gatheringOf } from '../../../src/runtimes/xla/gather-or-norm.js';
import { bytesOfRead, launchBytes } from '../../../src/runtimes/xla/kernel-times.js';

interface CompiledNorm {
  readonly edges: 'grid2mesh' | 'mesh2grid';
  readonly rows: number;
  readonly columns: number;
  readonly nodes: number;
  readonly compiled: Gathering;
}

const compiledNorms = readFileSync('tests/data/xla-gathered-norms.jsonl', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line) as CompiledNorm);

const bf16 = 2;

function written({ edges, rows, columns, nodes }: CompiledNorm): Gathering {
  const bytes = bf16 * rows * columns;
  // Rows that take longer to read than a launch have their deviation cast.
  const deviationBytes = bytes >= launchBytes ? bf16 : 4;
  return gatheringOf({
    count: rows,
    bytes,
    // Of what nodes concatenate.
    sourceBytes: bf16 * nodes * 2 * columns,
    isCast: edges === 'grid2mesh',
    numBlocks: blocksOfParts(rows, columns, bf16),
    isPadded: !partsOf(rows).isExact,
    factorBytes: {
      deviation: bytesOfRead(deviationBytes * rows * columns, deviationBytes * rows),
      scale: bytesOfRead(bytes, bf16 * columns),
    },
  });
}

describe('what XLA writes where a gradient in bf16 is only gathered', () => {
  it('in compiled steps, but where two ways save nearly the same time', () => {
    const others = compiledNorms
      .filter((norm) => written(norm) !== norm.compiled)
      .map((norm) => `${norm.edges} ${norm.rows} × ${norm.columns}: ${norm.compiled}, not ${written(norm)}`);
    expect(compiledNorms).toHaveLength(120);
    expect(others).toMatchInlineSnapshot(`
      [
        "grid2mesh 5076 × 104: withRowSum, not forAll",
        "grid2mesh 6648 × 128: computed, not withRowSum",
        "grid2mesh 6774 × 512: computed, not withRowSum",
        "grid2mesh 11646 × 128: computed, not forAll",
        "grid2mesh 11844 × 96: computed, not withRowSum",
        "grid2mesh 11844 × 192: forAll, not withRowSum",
        "grid2mesh 11844 × 256: forAll, not withRowSum",
        "grid2mesh 26082 × 128: computed, not withRowSum",
        "grid2mesh 81576 × 168: withRowSum, not forAll",
        "grid2mesh 101892 × 512: computed, not withRowSum",
        "mesh2grid 87120 × 512: computed, not withColumnSums",
      ]
    `);
  });

  it('differs with the nodes, the columns and the rows', () => {
    const compiled = new Set(compiledNorms.map(written));
    expect(compiled).toEqual(new Set(['computed', 'forAll', 'withColumnSums', 'withRowSum']));
  });
});
