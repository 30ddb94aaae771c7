/** A number that stands alone: those in names (`rtx-4090`, `24GB`, `0.10.2`) are part of the name. */
const number = /(?<=^|[\s(~×])\d+(?:\.\d+)?(?=$|[\s;:)%]|[.,](?:$|\s))/g;

/**
 * The assumptions of several configurations as one list: lines that differ in their numbers alone become one, with the smallest and the
 * largest in each place.
 */
export function mergedAssumptions(lines: Iterable<string>): string[] {
  const byWords = new Map<string, string[][]>();
  for (const line of lines) {
    const words = line.replaceAll(number, '\0');
    byWords.set(words, [...(byWords.get(words) ?? []), [...(line.match(number) ?? [])]]);
  }
  return [...byWords].map(([words, alike]) => {
    const spreads = (alike[0] ?? []).map((_, place) => spread(alike.map((numbers) => numbers[place]!)));
    return words.replaceAll('\0', () => spreads.shift()!);
  });
}

function spread(numbers: readonly string[]): string {
  const [least = '', ...larger] = numbers.toSorted((a, b) => Number(a) - Number(b));
  const most = larger.at(-1) ?? least;
  return Number(least) === Number(most) ? least : `${least} to ${most}`;
}
