/**
 * Which known card a name means: as profiles write it (`a100-40gb`), as people do (`4090`, `RTX A6000`) and as nvidia-smi does
 * (`NVIDIA A100-SXM4-40GB`, `Tesla T4`, `NVIDIA H100 80GB HBM3`).
 */
import { InputError } from '../errors.js';
import { MiB } from '../units.js';
import { nearest, shown } from './nearest.js';
import { smiAnswer } from './nvidia-smi.js';
import { loadDevice, profileNames } from './profiles.js';

/** Brand, series, architecture, board and memory technology: they never tell two of the known cards apart. */
const noise = new Set(
  [
    'nvidia geforce tesla quadro rtx gtx amd instinct corporation graphics card gpu generation edition workstation server active',
    'kepler maxwell pascal volta turing ampere hopper blackwell grace sxm sxm2 sxm3 sxm4 sxm5 oam',
    'hbm2 hbm2e hbm3 hbm3e gddr5 gddr5x gddr6 gddr6x gddr7',
  ].flatMap((words) => words.split(' ')),
);

interface Parsed {
  /** What makes it this chip and board: `rtx-2080-ti` and `NVIDIA GeForce RTX 2080 Ti` are `2080 ti`. */
  readonly identity: string;
  /** On the box, if the name says it. */
  readonly gibibytes: number | undefined;
  readonly isPcie: boolean;
}

function parse(name: string): Parsed {
  const words = name
    .toLowerCase()
    .replace(/\b(rtx|gtx|titan|quadro|tesla)(?=[a-z]?\d)/g, '$1 ')
    .replace(/(\d)(ti|super)\b/g, '$1 $2')
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const size = words.findIndex((word, index) => /^\d+g(i?b)?$/.test(word) || (index > 0 && /^g(i?b)$/.test(word)));
  const gibibytes = size < 0 ? undefined : Number.parseInt(words[size]!, 10) || Number(words[size - 1]);
  const isSize = (index: number) => size >= 0 && (index === size || (index === size - 1 && !/^\d/.test(words[size]!)));
  const kept = words.filter(
    (word, index) => !isSize(index) && word !== 'pcie' && (!noise.has(word) || words[index - 1] === 'titan'),
  );
  const identity = kept.join(' ');
  // The GH200's product name says the memory of its processor: 480 or 120 GB beside a GPU with 96.
  const isHostMemory = identity === 'gh200' && (gibibytes === 480 || gibibytes === 120);
  return {
    identity,
    gibibytes: isHostMemory ? 96 : gibibytes,
    isPcie: words.includes('pcie'),
  };
}

interface Known extends Parsed {
  readonly name: string;
  readonly nominalBytes: number;
  readonly reportedBytes: number;
}

let parsedCards: readonly Known[] | undefined;
function knownCards(): readonly Known[] {
  parsedCards ??= profileNames('gpus').map((name) => {
    const { nominalBytes, reportedBytes } = loadDevice(name);
    return { ...parse(name), name, nominalBytes, reportedBytes, gibibytes: nominalBytes / 1024 ** 3 };
  });
  return parsedCards;
}

/** What drivers report of the cards with this size on the box, the least and the most. */
export function reportedBySameSize(size: number): readonly number[] | undefined {
  const reported = knownCards().flatMap((card) => (card.nominalBytes === size ? [card.reportedBytes] : []));
  return reported.length === 0 ? undefined : [Math.min(...reported), Math.max(...reported)];
}

/** Longer names are nobody's. */
const longestName = 100;

/** The profiles that a name may mean. `totalMiB`: what nvidia-smi prints beside it, somewhat below the size on the box. */
function candidates(typed: string, totalMiB?: number): readonly Known[] {
  if (typed.length > longestName) return [];
  const { identity, gibibytes, isPcie } = parse(typed);
  const alike = knownCards().filter((card) => card.identity === identity);
  const sized = alike.filter((card) => gibibytes === undefined || card.gibibytes === gibibytes);
  const measured = totalMiB === undefined ? sized : sized.filter((card) => isNear(card, totalMiB));
  const onBoard = measured.filter((card) => card.isPcie === isPcie);
  const saysBoard = gibibytes !== undefined || totalMiB !== undefined || isPcie;
  return saysBoard && onBoard.length > 0 ? onBoard : measured;
}

/** ECC and the driver take up to a tenth. */
const isNear = ({ nominalBytes }: Known, totalMiB: number): boolean =>
  totalMiB * MiB <= nominalBytes * 1.01 && totalMiB * MiB > nominalBytes * 0.9;

const named = new Map<string, string>();

/** The profile of a card; `auto`: of this machine's. Throws where no card, or more than one, is called so. */
export function cardNamed(typed: string): string {
  const name = named.get(typed) ?? findCard(typed);
  named.set(typed, name);
  return name;
}

function findCard(typed: string): string {
  const name = typed.trim().toLowerCase();
  if (name === 'auto') return cardOfThisMachine().name;
  if (profileNames('gpus').includes(name)) return name;
  const found = candidates(name);
  if (found.length === 1) return found[0]!.name;
  if (found.length === 0) throw unknownCard(typed);
  const { identity } = parse(name);
  const names = knownCards()
    .filter((card) => card.identity.split(' ')[0] === identity.split(' ')[0])
    .map((card) => card.name);
  throw new InputError(
    'ambiguous-gpu',
    `--gpu ${shown(typed)}: there are ${names.length} such cards. Say which: ${names.join(', ')}.`,
    names.map((each) => `--gpu ${each}`),
  );
}

function unknownCard(typed: string): InputError {
  const { identity, gibibytes } = parse(typed.slice(0, longestName));
  const names = profileNames('gpus');
  const alike = knownCards().flatMap((card) => (card.identity === identity ? [card.name] : []));
  const near = alike.length > 0 ? alike : nearest(typed, names);
  return new InputError('unknown-gpu', `${shown(typed)}: there is no such GPU among the known ones.`, [
    `Nearest: ${near.join(', ')}`,
    `--vram ${gibibytes ?? 24}GB says how much memory it has instead, --architecture which generation it is.`,
    'gc-plan profiles lists all of them.',
  ]);
}

interface MachineCard {
  /** The profile's. */
  readonly name: string;
  /** As nvidia-smi prints it. */
  readonly product: string;
}

let machineCard: MachineCard | undefined;

/** The first card that nvidia-smi lists, asked once per process. */
export function cardOfThisMachine(): MachineCard {
  machineCard ??= readCard();
  return machineCard;
}

function readCard(): MachineCard {
  const instead = ['--gpu a100-40gb', '--vram 24GB', 'gc-plan profiles lists the cards.'];
  const stdout = smiAnswer(instead);
  const lines = stdout.split('\n').filter((line) => line.trim() !== '');
  const [, product, totalMiB] = /^([^,]{1,80}),\s*(\d{1,9})\s*$/.exec(lines[0] ?? '') ?? [];
  if (product === undefined || totalMiB === undefined)
    throw new InputError(
      'no-gpu',
      'nvidia-smi lists no GPU with a name and a size: say which card to plan for.',
      instead,
    );
  const name = cardOfProduct(product, Number(totalMiB));
  if (name !== undefined) return { name, product };
  throw new InputError('unknown-gpu', `${printable(product)}, ${totalMiB} MiB: gc-plan does not know this card.`, [
    `--vram ${Math.max(1, Math.round(Number(totalMiB) / 1024))}GB`,
    'gc-plan profiles lists the cards that it knows.',
  ]);
}

/** A program's text goes to a terminal. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');

/** `NVIDIA A100-SXM4-40GB`, 40960: the known card of that name and memory; undefined where there is none. */
export function cardOfProduct(product: string, totalMiB: number): string | undefined {
  const found = candidates(product, totalMiB);
  return found.length === 1 ? found[0]!.name : undefined;
}
