/** Which known card nvidia-smi speaks of: its product name and memory, e.g. `NVIDIA A100-SXM4-40GB, 40960`. */

import { MiB } from '../units.js';

interface Card {
  readonly name: string;
  readonly nominalBytes: number;
}

/** `NVIDIA GeForce RTX 4090` and `rtx-4090` have the same words. */
const words = (name: string): readonly string[] =>
  name
    .toLowerCase()
    .replace(/\d+\s*gb/g, ' ')
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');

/**
 * The known card whose every word is in the product's name; of several the one with most words, then the nearest memory.
 * undefined: no card that we know.
 */
export function cardOfProduct<Known extends Card>(line: string, cards: readonly Known[]): Known | undefined {
  const [, product = '', mebibytes = '0'] = /^(.*),\s*(\d+)\s*$/.exec(line.trim()) ?? [];
  const said = new Set(words(product));
  const distance = ({ nominalBytes }: Card) => Math.abs(nominalBytes - Number(mebibytes) * MiB);
  return cards
    .filter(({ name }) => words(name).every((word) => said.has(word)))
    .sort((a, b) => words(b.name).length - words(a.name).length || distance(a) - distance(b))[0];
}
