import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
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

const option: Addition = {
  path: 'src/config/recipe-options.ts',
  behind: 'export const recipeOptions = {\n',
  text: "  toyColour: record('toy-colour', choice('red', 'green'), 'red', 'Of a toy.'),\n",
};

const traitsWord: Addition = {
  path: 'src/runtimes/pytorch/traits.ts',
  behind: '  options: [\n',
  text: "    'toyColour',\n",
};

/** All of `src/` with these additions. */
function programWith(...additions: readonly Addition[]): ts.Program {
  const host = ts.createCompilerHost(configuration.options);
  const written = new Map(
    additions.map(({ path, behind, text }) => {
      const source = ts.sys.readFile(file(path))!;
      expect(source).toContain(behind);
      return [file(path), source.replace(behind, behind + text)];
    }),
  );
  const readFile = (name: string) => written.get(name) ?? ts.sys.readFile(name);
  return ts.createProgram(configuration.fileNames, configuration.options, {
    ...host,
    readFile,
    getSourceFile: (name, version) => {
      const text = readFile(name);
      return text === undefined ? undefined : ts.createSourceFile(name, text, version);
    },
  });
}

/** What the compiler says of it, or of the files at these paths alone. */
function complaints(program: ts.Program, paths?: readonly string[]): string[] {
  const said = paths?.flatMap((path) => program.getSemanticDiagnostics(program.getSourceFile(file(path))));
  return (said ?? ts.getPreEmitDiagnostics(program)).map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
}

// Compiling all of it takes 10 s of a quiet core.
describe('what is added', { timeout: 600_000 }, () => {
  // How such an option works is tests/config/added-option.alone.test.ts.
  it('is a row and the rule of a runtime that lowers the operation, or a record and a word of the runtime that has the option: nothing else', () => {
    expect(complaints(programWith(row, rule, option, traitsWord))).toEqual([]);
  });

  it('is refused by the compiler where a runtime has a rule for an operation and the table no row, or names an option without a record', () => {
    const said = complaints(programWith(rule, traitsWord), [rule.path, traitsWord.path]).join();
    expect(said).toContain("'square' does not exist");
    expect(said).toContain('"toyColour"\' is not assignable');
  });
});
