/** A YAML or JSON file as nodes that know their line: JSON is read as the YAML that it is. */
import { isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { shown } from '../config/nearest.js';
import { InputError } from '../errors.js';

export interface Item {
  readonly key: string;
  readonly value: Node | null;
  readonly line: number;
}

export class LinedDocument {
  private readonly lines = new LineCounter();
  readonly root: Node | null;

  /** @throws InputError with file and line where the text is neither YAML nor JSON, or says a key twice. */
  constructor(
    readonly file: string,
    text: string,
  ) {
    const document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    const [error] = document.errors;
    if (error !== undefined)
      throw new InputError('broken-plan', `${this.at(this.lineAt(error.pos[0]))}: ${error.message}.`, [
        'Correct this line.',
      ]);
    this.root = document.contents;
  }

  at(line: number): string {
    return `${shown(this.file)}:${line}`;
  }

  refuse(line: number, message: string, ...nextSteps: readonly string[]): InputError {
    return new InputError('invalid-plan', `${this.at(line)}: ${message}`, nextSteps);
  }

  map(node: Node | null, line: number, what: string, example: string): readonly Item[] {
    if (!isMap(node)) throw this.refuse(line, `${what} must be a mapping from names to values.`, example);
    return (node as YAMLMap<Node, Node | null>).items.map(({ key, value }) => ({
      key: isScalar(key) ? String(key.value) : String(key),
      value,
      line: this.lineAt(key.range?.[0] ?? 0),
    }));
  }

  scalar({ key, value, line }: Item): string | boolean {
    const scalar = isScalar(value) ? value.value : undefined;
    if (typeof scalar === 'boolean' || typeof scalar === 'string') return scalar;
    if (typeof scalar === 'number') return String(scalar);
    throw this.refuse(line, `${shown(key)} must be one value: text, a number, true or false.`, `${shown(key)}: 1`);
  }

  private lineAt(offset: number): number {
    return Math.max(1, this.lines.linePos(offset).line);
  }
}
