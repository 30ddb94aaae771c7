import { describe, expect, it } from 'vitest';
import { answerTo } from '../../src/cli/session/answer.js';
import { Lines } from '../../src/cli/session/lines.js';
import { estimate } from '../../src/library/index.js';

const ask = (request: unknown) => answerTo(JSON.stringify(request));

describe('a session', () => {
  it('answers with what the library gives, under the number of the request', async () => {
    const input = { model: 'tiny', flags: { 'hidden-dim': 48 } };
    expect(await ask({ id: 7, call: 'estimate', input })).toEqual({ id: 7, result: await estimate(input) });
  });

  it('gives the same report again where the list of arrays is known from the call before', async () => {
    const input = { model: 'graphcast-small', flags: { gpu: 'rtx-4090', 'hidden-dim': 256 } };
    const other = { model: 'graphcast-small', flags: { gpu: 'l4', 'hidden-dim': 512, layers: 4 } };
    const first = await ask({ id: 1, call: 'estimate', input });
    await ask({ id: 2, call: 'estimate', input: other });
    expect(await ask({ id: 1, call: 'estimate', input })).toEqual(first);
  });

  it.each([
    ['what is not JSON', 'estimate tiny'],
    ['what is no object', '[1, 2]'],
    ['a call that there is not', '{"id": 1, "call": "constructor", "input": {}}'],
    ['a field that there is not', '{"id": 1, "call": "estimate", "input": {}, "more": 1}'],
    ['a report of nobody', '{"id": 1, "call": "render", "input": {"report": {"schema": "x"}, "format": "html"}}'],
    ['a line that was too long to be kept', undefined],
  ])('answers %s with an error that says what a request is', async (_, line) => {
    expect((await answerTo(line)).error).toMatchObject({ schema: 'gc-plan/error@1', code: 'invalid-request' });
  });

  it('refuses to show a report that is not as its schema says', async () => {
    const { result } = await ask({ id: 1, call: 'estimate', input: { model: 'tiny' } });
    const show = (report: object) =>
      ask({ id: 2, call: 'render', input: { report, format: 'table', columns: 100, command: 'gc-plan' } });
    expect((await show(result as object)).result).toMatch(/^tiny · /);
    const { error } = await show({ ...(result as object), verdict: { kind: 'fits' } });
    expect(error).toMatchObject({ code: 'invalid-request' });
  });
});

describe('lines that arrive in pieces', () => {
  const read = (maximumBytes: number, ...pieces: readonly string[]) => {
    const lines: (string | undefined)[] = [];
    const reader = new Lines(maximumBytes, (line) => lines.push(line));
    for (const piece of pieces) reader.add(Buffer.from(piece));
    return lines;
  };

  it('are the same wherever they were cut', () => {
    const text = 'first\n\nthïrd\nnot ended';
    const whole = read(100, text);
    expect(whole).toEqual(['first', '', 'thïrd']);
    for (let at = 0; at <= text.length; at++) expect(read(100, text.slice(0, at), text.slice(at))).toEqual(whole);
  });

  it('are let go where they are too long, and the next one is read', () => {
    expect(read(5, '123', '456', '789\n12345\n1')).toEqual([undefined, '12345']);
  });
});
