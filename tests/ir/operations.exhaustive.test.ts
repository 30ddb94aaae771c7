import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const configuration = ts.getParsedCommandLineOfConfigFile(
  file('tsconfig.json'),
  { noEmit: true },
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: ({ messageText }) => expect.unreachable(String(messageText)) },
)!;

/** A line of text behind another one. */
interface Addition {
  readonly path: string;
  readonly behind: string;
  readonly text: string;
}

const row: Addition = {
  path: 'src/ir/operations.ts',
  behind: 'const table = {\n',
  text: '  square: row<OneInput>(readsInput),\n',
};

const rule: Addition = {
  path: 'src/runtimes/pytorch/rules.ts',
  behind: 'const rules: Rules = {\n',
  text: '  square: (to, { input, output }) => void to.produce(output, to.tensor(input).elementBytes, undefined),\n',
};

/** What the compiler says of all of `src/` with these additions. */
function complaints(...additions: readonly Addition[]): string[] {
  const host = ts.createCompilerHost(configuration.options);
  const written = new Map(
    additions.map(({ path, behind, text }) => {
      const source = ts.sys.readFile(file(path))!;
      expect(source).toContain(behind);
      return [file(path), source.replace(behind, behind + text)];
    }),
  );
  const readFile = (name: string) => written.get(name) ?? ts.sys.readFile(name);
  const program = ts.createProgram(configuration.fileNames, configuration.options, {
    ...host,
    readFile,
    getSourceFile: (name, version) => {
      const text = readFile(name);
      return text === undefined ? undefined : ts.createSourceFile(name, text, version);
    },
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

// Compiling all of it takes 10 s of a quiet core.
describe('an operation', { timeout: 600_000 }, () => {
  it('is a row of the table and the rule of a runtime that lowers it: nothing else has to name it', () => {
    expect(complaints(row, rule)).toEqual([]);
  });

  it('is refused by the compiler where a runtime has a rule for it and the table no row', () => {
    expect(complaints(rule).join()).toContain("'square' does not exist");
  });
});
