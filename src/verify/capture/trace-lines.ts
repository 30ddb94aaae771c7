/** The lines of a trace file, unpacked piece by piece: neither the file nor a line is held whole that is larger than a trace has. */
import { shown } from '../../config/nearest.js';
import { readAt, withRegularFile } from '../../config/read-file.js';
import { InputError } from '../../errors.js';
import { MiB } from '../../units.js';
import { gunzipped } from './gunzip.js';

/** A step of 10⁶ events has about 5 MiB, and 60 MiB unpacked. */
const maximumFileBytes = 256 * MiB;
const maximumLineBytes = 16 * MiB;
/** Writers put thousands of rows on a line. */
const maximumLines = 1_000_000;
const maximumUnpackedBytes = 2048 * MiB;

export const noTrace = (file: string, what: string): InputError =>
  new InputError('no-trace', `${shown(file)}: ${what}.`, [
    'gc-plan capture FILE.py:FUNCTION --trace FILE writes a trace',
    'docs/trace.md describes the format',
  ]);

/** @throws InputError where the file is larger than a trace. */
export const packedTrace = (file: string): Buffer =>
  withRegularFile(file, (descriptor, sizeBytes) => {
    if (sizeBytes > maximumFileBytes) throw noTrace(file, `${sizeBytes} bytes are more than a trace has`);
    return readAt(descriptor, 0, sizeBytes);
  });

/** @throws InputError where it is no gzip file, ends early, or holds more than a trace does. */
export async function* linesOf(file: string, compressed: Uint8Array): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  if (compressed[0] !== 0x1f || compressed[1] !== 0x8b) {
    const isReport = new TextDecoder().decode(compressed.subarray(0, 100)).includes('gc-plan/capture@1');
    throw noTrace(
      file,
      isReport ? 'is the report of a capture; the trace is the file that it names' : 'is no gzip file',
    );
  }
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let unpackedBytes = 0;
  let numLines = 0;
  try {
    for await (const chunk of gunzipped(compressed)) {
      let from = 0;
      unpackedBytes += chunk.length;
      if (unpackedBytes > maximumUnpackedBytes) throw noTrace(file, 'unpacks to more than a trace has');
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        if (++numLines > maximumLines) throw noTrace(file, 'has more lines than a trace has');
        yield decoder.decode(joined([...rest, chunk.subarray(from, end)]));
        rest = [];
        restBytes = 0;
        from = end + 1;
      }
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
      if (restBytes > maximumLineBytes) throw noTrace(file, 'a line is longer than a trace has');
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw noTrace(file, `cannot be unpacked: ${(error as Error).message}`);
  }
  if (restBytes > 0) throw noTrace(file, 'ends in the middle of a line');
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
