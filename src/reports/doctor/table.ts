import type { Layout } from '../formats.js';
import { columns, list, page, styleOf } from '../terminal/blocks.js';
import type { Doctor } from './schema.js';

export function renderDoctor(report: Doctor, layout: Layout): string {
  const { system, backends, chosen, gpus, noGpus = '', ledger, python } = report;
  const style = styleOf(layout);
  const heading = (text: string) => style.bold(text);
  const state = ({ runs, version, reason }: Doctor['backends'][number]) =>
    runs ? `${style.green('runs')} ${version ?? ''}` : `${style.red('does not run')}: ${reason ?? ''}`;
  return page([
    columns(
      heading('Backends'),
      backends.map((backend) => [backend.name, backend.name === chosen ? 'chosen' : '', state(backend)]),
      '<<<',
    ),
    list(heading('To install what is missing'), [...new Set(backends.flatMap(({ nextSteps }) => nextSteps))], layout),
    gpus.length === 0
      ? [heading('GPUs'), `none: ${noGpus}`]
      : columns(
          heading('GPUs'),
          gpus.map(({ name, memory, driver }) => [name, memory, `driver ${driver}`]),
          '<><',
        ),
    ...(python === undefined ? [] : [columns(heading('Python'), pythonRows(python), '<<')]),
    list(heading('To install what is missing in Python'), python?.nextSteps ?? [], layout),
    columns(
      heading('System'),
      [
        ['Node', system.node],
        ['platform', `${system.platform} ${system.arch}`],
        ['CPU', system.cpu],
        ['ledger', `${ledger.file}, ${ledger.entries} entries`],
      ],
      '<<',
    ),
  ]);
}

function pythonRows({ path, version, packages, reason }: NonNullable<Doctor['python']>): (readonly string[])[] {
  if (reason !== undefined) return [[path, reason]];
  return [[path, version ?? ''], ...packages.map((found) => [found.name, found.version ?? 'not installed'])];
}
