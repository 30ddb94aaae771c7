/** Files that are dropped on the page, or served with it by `gc-plan open FILE`. */
import { byId } from './drawing.js';

declare global {
  /** Name → content in base64. */
  var gcPlanFiles: Readonly<Record<string, string>> | undefined;
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

export type Files = Readonly<Record<string, Uint8Array>>;

export const servedFiles = (): Files =>
  Object.fromEntries(Object.entries(globalThis.gcPlanFiles ?? {}).map(([name, base64]) => [name, bytesOf(base64)]));

export function acceptFiles(use: (files: Files) => void): void {
  const take = async (list: FileList | null | undefined) => {
    if (!list || list.length === 0) return;
    const files = await Promise.all(
      [...list].map(async (file) => [file.name, new Uint8Array(await file.arrayBuffer())] as const),
    );
    use(Object.fromEntries(files));
  };
  const input = byId<HTMLInputElement>('file');
  input.addEventListener('change', () => void take(input.files));
  addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  addEventListener('dragleave', () => document.body.classList.remove('dropping'));
  addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dropping');
    void take(event.dataTransfer?.files);
  });
}
