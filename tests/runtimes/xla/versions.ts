/** One configuration as several versions of jaxlib compile it: docs/jax.md's table. */
import { readFileSync } from 'node:fs';
import { MiB } from '../../../src/units.js';

interface VersionRecord {
  readonly mode: 'train' | 'inference';
  readonly gemm_mode: 'cublas' | 'default-noautotune';
  readonly jaxlib: string;
  readonly compiled: string;
  readonly argument_bytes: number;
  readonly output_bytes: number;
  readonly alias_bytes: number;
  readonly temp_bytes: number;
}

export const versionRecords: readonly VersionRecord[] = readFileSync('tests/data/xla-versions.jsonl', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line));

const numeric = (version: string) =>
  version
    .split('.')
    .map((part) => part.padStart(3, '0'))
    .join('.');

export function versionsSection(): string {
  const versions = [...new Set(versionRecords.map(({ jaxlib }) => jaxlib))].sort((a, b) =>
    numeric(a) < numeric(b) ? -1 : 1,
  );
  const cell = (jaxlib: string, mode: VersionRecord['mode'], gemm: VersionRecord['gemm_mode']) => {
    const found = versionRecords.find(
      (each) => each.jaxlib === jaxlib && each.mode === mode && each.gemm_mode === gemm,
    );
    return found === undefined ? 'not compiled' : `${(found.temp_bytes / MiB).toFixed(1)} (${found.compiled})`;
  };
  const rows = versions.map((jaxlib) => {
    const cells = (['train', 'inference'] as const).flatMap((mode) =>
      (['cublas', 'default-noautotune'] as const).map((gemm) => cell(jaxlib, mode, gemm)),
    );
    return `| ${jaxlib} | ${cells.join(' | ')} |`;
  });
  return `## Versions of jaxlib

One configuration (61×120, 13 levels, M4, 128/3, bf16, one sample, a described H100) compiled once by each: temporaries in MiB, and when. All
numbers above and in the reports are of 0.10.2, the newest that Python 3.11 takes; 0.12.0.1, the newest there is, wants 3.12. 0.10.2 alone gives
a cuBLAS product on Hopper 32 MiB of scratch here, which all shows in a small step and not in a large one; with Triton products it has none
either. The low end of the range is without that scratch, so that it holds all of these. 0.6.2 does not compile the training step with Triton
products (*Contracting dimension is too fragmented*). 0.8.1 was compiled by others.

| jaxlib | training, cuBLAS | training, Triton | forecast, cuBLAS | forecast, Triton |
|---|---|---|---|---|
${rows.join('\n')}
`;
}
