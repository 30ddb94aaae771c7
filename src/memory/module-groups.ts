/** Paths of modules (`processor.3.edges`) as few groups: what a table or a picture can show. */

const maximumGroups = 12;
const rest = 'others';

const prefix = (path: string, depth: number): string => path.split('.').slice(0, depth).join('.');

/**
 * A group's name for every path: as many parts of the path as leave no more than twelve groups. Where one part is too many, the eleven
 * with most bytes keep their names.
 */
export function moduleGroups(paths: readonly string[], bytesOf: (path: string) => number): ReadonlyMap<string, string> {
  const deepest = Math.max(1, ...paths.map((path) => path.split('.').length));
  for (let depth = deepest; depth >= 1; depth--) {
    const groups = new Map(paths.map((path) => [path, prefix(path, depth)]));
    if (new Set(groups.values()).size <= maximumGroups) return groups;
  }
  const perPart = new Map<string, number>();
  for (const path of paths) perPart.set(prefix(path, 1), (perPart.get(prefix(path, 1)) ?? 0) + bytesOf(path));
  const largest = [...perPart].sort(([, a], [, b]) => b - a).slice(0, maximumGroups - 1);
  const named = new Set(largest.map(([part]) => part));
  return new Map(paths.map((path) => [path, named.has(prefix(path, 1)) ? prefix(path, 1) : rest]));
}
