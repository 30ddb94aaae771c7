import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.js';
import { liveness } from '../../../src/memory/liveness.js';
import { readTrace } from '../../../src/verify/capture/trace-file.js';
import { body, compiledHead, head } from './small-trace.js';

const folder = mkdtempSync(join(tmpdir(), 'gc-plan-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [savingCall] = body.find((line) => 'calls' in line)!.calls!;
const callWith = (changes: Partial<typeof savingCall>) => withLine('calls', { calls: [{ ...savingCall, ...changes }] });
const savesWith = (changes: object) =>
  withLine('saves', { saves: { buffer: [1], neededAt: [2], usedAt: [3], goneAt: [3], ...changes } });

const compiledWith = (changes: Partial<(typeof compiledHead)['compiled']>) => [
  { ...compiledHead, compiled: { ...compiledHead.compiled, ...changes } },
  ...body,
];

const lined = (lines: readonly unknown[]) =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');

let numFiles = 0;
function written(content: Buffer | readonly unknown[]): string {
  const file = join(folder, `${numFiles++}.trace.gz`);
  writeFileSync(file, Buffer.isBuffer(content) ? content : gzipSync(lined(content as readonly unknown[])));
  return file;
}

const refusal = async (content: Buffer | readonly unknown[]): Promise<string> => {
  const error = await readTrace(written(content)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
};

/** The lines with the ones that have this key replaced. */
function withLine(key: string, line: unknown): readonly unknown[] {
  return [head, ...body.map((each) => (key in each ? line : each))];
}

describe('a trace file', () => {
  it('gives back the arrays, their names and the peak that it was written with', async () => {
    const { trace, bytesOfBuffer, head: read, calls, saves, releases } = await readTrace(written([head, ...body]));
    expect(read.notes).toEqual(['a note']);
    expect([...bytesOfBuffer]).toEqual([16, 100, 16]);
    expect(calls).toEqual([{ ...savingCall, module: 'net.0' }]);
    expect({ saves, releases }).toEqual({ ...body.find((line) => 'saves' in line), releases: new Map([[1, 2]]) });
    const { peak, byCategory, byModule } = liveness(trace, {}, bytesOfBuffer);
    expect(peak).toEqual({
      liveBytes: 132,
      event: 2,
      phase: 'backward',
      operation: 'net.0: ReluBackward0: mul',
      module: 'net.0',
    });
    expect(byCategory).toMatchObject({ parameter: 16, activation: 100, gradient: 16 });
    expect(byModule).toEqual(
      new Map([
        ['other', 16],
        ['net.0', 116],
      ]),
    );
  });

  it('may hold what autograd saved and no backward pass needed', async () => {
    const { saves } = await readTrace(written(savesWith({ neededAt: [5] })));
    expect(saves.neededAt).toEqual([5]);
  });

  it('of a compiled step says what the compiler allocates', async () => {
    const { head: read } = await readTrace(written([compiledHead, ...body]));
    expect(read.compiled).toEqual(compiledHead.compiled);
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'no gzip file'],
    ['text', Buffer.from('{"schema":"gc-plan/trace@1"}\n'), 'no gzip file'],
    ['the report of the capture', Buffer.from('{"schema":"gc-plan/capture@1"}\n'), 'is the report of a capture'],
    ['half of a gzip file', gzipSync(JSON.stringify(head)).subarray(0, 40), 'cannot be unpacked'],
    ['no end', [head, ...body.slice(0, -1)], 'ends early'],
    ['lines after the end', [head, ...body, { dtypes: [] }], 'line 15 comes after the end'],
    ['a line that is not JSON', [head, '{"events":[1,'], 'line 2 is not JSON'],
    ['another format', [{ ...head, schema: 'gc-plan/trace@2' }], 'which a newer gc-plan writes'],
    ['a report in its place', [{ schema: 'gc-plan/estimate@1' }], 'line 1 is not of this format'],
    ['a key too many', [head, { events: [], surprise: 1 }], 'line 2 is not of this format'],
    ['negative bytes', withLine('end', { end: { peakLiveBytes: -1 } }), 'is not of this format'],
    ['a peak that the events do not have', withLine('end', { end: { peakLiveBytes: 1 } }), 'add up to 132 bytes'],
    ['fewer events than announced', withLine('events', { events: [] }), '0 events of 3 arrays'],
    [
      'more events than announced',
      withLine('events', { events: [1, 2, 3, -1, -2, -3] }),
      'holds more than the first line',
    ],
    [
      'columns of two lengths',
      withLine('buffers', { buffers: { ...body[4]!.buffers!, dtype: [0] } }),
      'has 1 of dtype',
    ],
    ['a table without the row', withLine('shapes', { shapes: [] }), 'a shape is not in its table'],
    [
      'phases out of order',
      withLine('marks', { marks: [{ phase: 'forward', firstEvent: 3 }] }),
      'phases are not in order',
    ],
    ['a call that ends before it begins', callWith({ firstEvent: 3 }), 'a call of a module is not in it'],
    ['a call that is given what is not there', callWith({ inputs: [3] }), 'a call of a module is not in it'],
    ['a call that saves what nobody saved', callWith({ endSave: 2 }), 'a call of a module is not in it'],
    ['a call that saves behind its end', callWith({ lastSaveEvent: 3 }), 'a call of a module is not in it'],
    ['a save of no array', savesWith({ buffer: [3] }), 'what autograd saved is not in it'],
    ['a save before its array is made', savesWith({ neededAt: [0], usedAt: [0], goneAt: [1] }), 'what autograd saved'],
    ['a save that outlives its array', savesWith({ goneAt: [4] }), 'what autograd saved is not in it'],
    ['a save that goes before it is used', savesWith({ usedAt: [4] }), 'what autograd saved is not in it'],
    ['a save that is used before it is needed', savesWith({ neededAt: [4] }), 'what autograd saved is not in it'],
    ['saves in columns of two lengths', savesWith({ goneAt: [] }), 'has 0 of goneAt and 1 of buffer'],
    [
      'a release of what is gone',
      withLine('releases', { releases: { buffer: [1], event: [5] } }),
      'what autograd saved',
    ],
    ['a key of every object', [head, '{"__proto__":{}}'], 'line 2 is not of this format'],
    ['a number that is none', [head, '{"end":{"peakLiveBytes":NaN}}'], 'line 2 is not JSON'],
    ['a number beyond all', [head, '{"end":{"peakLiveBytes":1e999}}'], 'line 2 is not of this format'],
    ['lists in lists', [head, `${'['.repeat(1e5)}${']'.repeat(1e5)}`], 'line 2 is not of this format'],
    ['nothing', ['null'], 'line 1 is not of this format'],
    ['a name of megabytes', [{ ...head, source: 'x'.repeat(5e6) }], 'line 1 is not of this format'],
    ['the same arrays again', [head, ...body.slice(0, 6), body[4]], 'holds more than the first line'],
    ['two files in one', Buffer.concat(Array(2).fill(gzipSync(lined([head, ...body])))), 'comes after the end'],
    ['something behind its end', Buffer.concat([gzipSync(lined([head, ...body])), Buffer.from('more')]), 'be unpacked'],
    ['an announcement of everything', [{ ...head, numEvents: 2 ** 50 }], 'a trace has at most'],
    ['a step outside of the events', [{ ...head, lastStepFirstEvent: 5 }, ...body], 'there is no step in it'],
    [
      'a compiled step without what was compiled',
      [{ ...head, framework: 'jax' }, ...body],
      'jax says what was compiled',
    ],
    ['a step that ran with it', [{ ...compiledHead, framework: 'pytorch' }, ...body], 'pytorch does not say'],
    ['a framework that is not recorded', [{ ...head, framework: 'tfjs' }, ...body], 'line 1 is not of this format'],
    ['another arena than its arrays', compiledWith({ temporaryBytes: 99 }), 'what was compiled to 131'],
    ['an arena outside of its range', compiledWith({ temporaryRange: { lowBytes: 0, highBytes: 99 } }), 'go together'],
    ['more aliases than results', compiledWith({ aliasBytes: 17, argumentBytes: 33 }), 'go together'],
    ['an arena that is no number', compiledWith({ temporaryBytes: '100' as never }), 'line 1 is not of this format'],
  ])('is refused with the reason: %s', async (_, content, reason) => {
    expect(await refusal(content)).toContain(reason);
  });

  it.each([
    ['twice freed', [3, -2, -2]],
    ['freed before it is made', [-3, 3, -2]],
    ['made out of order', [-1, 3, 2]],
    ['that is none', [3, 0, -3]],
  ])('is refused where an event is of an array %s', async (_, second) => {
    const lines = [
      head,
      ...body.map((line) => ('events' in line && line.events!.length === 3 ? { events: second } : line)),
    ];
    expect(await refusal(lines)).toMatch(/frees or makes what it cannot|is not in|never made/);
  });

  it('that unpacks to gigabytes is refused as soon as a line is too long', async () => {
    const bomb = gzipSync(Buffer.alloc(256 * 2 ** 20));
    expect(bomb.length).toBeLessThan(2 ** 19);
    expect(await refusal(bomb)).toContain('a line is longer');
  });

  it('of names that fill the memory, of millions of lines and of other letters than UTF-8 is refused on the way', async () => {
    const first = JSON.stringify(head);
    const names = JSON.stringify({ dtypes: Array(10_000).fill('x'.repeat(900)) });
    expect(await refusal(gzipSync(`${first}\n${`${names}\n`.repeat(3)}`))).toContain('line 3 holds longer names');
    expect(await refusal(gzipSync(`${first}\n${'{"events":[]}\n'.repeat(1_000_001)}`))).toContain('more lines');
    const latin1 = Buffer.concat([Buffer.from(`${first}\n{"dtypes":["`), Buffer.from([0xff]), Buffer.from('"]}\n')]);
    expect(await refusal(gzipSync(latin1))).toContain('not valid for encoding utf-8');
  });

  it('of a million events is read', async () => {
    const numBuffers = 500_000;
    const rows = 10_000;
    const lines: unknown[] = [
      { ...head, numBuffers, numEvents: 2 * numBuffers, lastStepFirstEvent: 0 },
      ...body.slice(0, 4),
    ];
    for (let first = 0; first < numBuffers; first += rows) {
      const column = (value: (row: number) => number) => Array.from({ length: rows }, (_, row) => value(first + row));
      const zero = column(() => 0);
      lines.push({
        buffers: {
          bytes: column((row) => 1 + (row % 977)),
          dtype: zero,
          shape: zero,
          operation: zero,
          module: zero,
          category: zero,
        },
      });
      lines.push({ events: column((row) => row + 1).flatMap((event) => [event, -event]) });
    }
    lines.push({ marks: [{ phase: 'forward', firstEvent: 0 }] }, { end: { peakLiveBytes: 977 } });
    const file = written(lines);
    const { trace } = await readTrace(file);
    expect(trace.events).toHaveLength(2 * numBuffers);
  });
});
