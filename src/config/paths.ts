/** Parts of a path, with the separators of every system: `node:path` is not there in a browser. */

/** `conf/config.yaml` → `config.yaml`. `ending`: cut off where the name has it. */
export function fileName(path: string, ending = ''): string {
  const name = path
    .replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .at(-1)!;
  return ending !== '' && name !== ending && name.endsWith(ending) ? name.slice(0, -ending.length) : name;
}

/** `conf/config.yaml` → `.yaml`; empty where the name has none, or is nothing else. */
export function extension(path: string): string {
  const name = fileName(path);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot) : '';
}

/** `conf/config.yaml`, `model/gnn.yaml` → `conf/model/gnn.yaml`. */
export function besideFile(file: string, path: string): string {
  const name = fileName(file);
  return `${file.slice(0, file.lastIndexOf(name))}${path}`;
}
