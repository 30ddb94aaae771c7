/** The card: a named profile, or only a size with a documented card's other values. */
import { InputError } from '../errors.js';
import { type Bytes, bytes, GiB } from '../units.js';
import { cardNamed, cardOfThisMachine, reportedBySameSize } from './cards.js';
import type { architectures } from './choices.js';
import { shown } from './nearest.js';
import { parseSize } from './numbers.js';
import { loadDevice } from './profiles.js';
import type { Device } from './types.js';

/** Its context, workspace, bandwidth and arithmetic stand in where no card was named. */
const referenceCard = 'h100-80gb';

export const standInDevice = (): Device => deviceOf(referenceCard);

export interface ResolvedDevice {
  readonly device: Device | null;
  readonly reserveBytes: Bytes;
  readonly assumptions: readonly string[];
}

/** A profile without what only people read, by any name that its card goes by. */
export function deviceOf(name: string): Device {
  const { description, ...device } = loadDevice(cardNamed(name));
  return device;
}

export type Architecture = (typeof architectures)[number];

/** Whose context, workspace, bandwidth and arithmetic stand in for a card of which the size and the generation are known. */
const cardOfArchitecture: Readonly<Record<Architecture, string>> = {
  kepler: 'k80',
  maxwell: 'm40',
  pascal: 'p100-16gb',
  volta: 'v100-16gb',
  turing: 't4',
  ampere: 'a100-40gb',
  ada: 'l40s',
  hopper: referenceCard,
  blackwell: 'b200',
};

/** What `--vram` alone means. */
const anyWithBf16 = 'Ampere or newer';

/** NVIDIA’s from compute capability 8.0 on; an AMD profile says it by its arithmetic. */
export type Bf16Device = Pick<Device, 'vendor' | 'computeCapability' | 'tflops'>;

export const hasBf16 = ({ vendor, computeCapability, tflops }: Bf16Device): boolean =>
  vendor === 'amd' ? tflops.bf16 !== undefined : computeCapability >= 80;

/** As a sentence names it: `a T4`, `an M40`, `a Pascal card`. */
export function deviceInWords({ name, architecture }: Device): string {
  const words = architecture === undefined ? name.toUpperCase() : `${architecture} card`;
  return `${/^[AEFHILMNORSX8]/.test(words) ? 'an' : 'a'} ${words}`;
}

/** For the commands that answer nothing without a card; `command`: up to where its flags go on. */
export const missingCard = (command: string): InputError =>
  new InputError(
    'missing-card',
    `${command.split(' ')[0]} needs to know the card: which one, or how much memory it has.`,
    [`gc-plan ${command} --gpu rtx-4090`, `gc-plan ${command} --vram 24GB`],
  );

function deviceOfSize(text: string, architecture: Architecture | undefined): Device {
  const size = parseSize(text, '--vram');
  if (size < GiB / 4)
    throw new InputError('size-too-small', `--vram ${shown(text)}: no card that trains is smaller than 256MB.`, [
      '--vram 24GB',
    ]);
  const gibibytes = Number((size / GiB).toFixed(2));
  const sameSize = reportedBySameSize(size);
  return {
    ...deviceOf(architecture === undefined ? referenceCard : cardOfArchitecture[architecture]),
    name: `${gibibytes}GB`,
    vendor: 'any',
    architecture: architecture === undefined ? anyWithBf16 : capitalized(architecture),
    nominalBytes: size,
    reportedBytes: size,
    ...(sameSize && { reportedBySameSize: sameSize }),
  };
}

const capitalized = (word: string): string => `${word[0]!.toUpperCase()}${word.slice(1)}`;

export interface TypedDevice {
  readonly gpu: string | undefined;
  readonly vram: string | undefined;
  readonly architecture: Architecture | undefined;
  readonly reserve: string | undefined;
}

export function resolveDevice({ gpu, vram, architecture, reserve }: TypedDevice): ResolvedDevice {
  checkTogether(gpu, vram, architecture);
  const device = gpu !== undefined ? deviceOf(gpu) : vram !== undefined ? deviceOfSize(vram, architecture) : null;
  const reserveBytes = reserve === undefined ? bytes(0) : parseSize(reserve, '--reserve', '1GB');
  if (device && reserveBytes >= device.reportedBytes) {
    throw new InputError('nothing-left', `--reserve ${shown(reserve ?? '')}: leaves nothing of the ${device.name}.`, [
      '--reserve 1GB',
    ]);
  }
  return { device, reserveBytes, assumptions: deviceAssumptions(device, gpu, architecture) };
}

function checkTogether(
  gpu: string | undefined,
  vram: string | undefined,
  architecture: Architecture | undefined,
): void {
  if (gpu !== undefined && vram !== undefined) {
    throw new InputError('conflicting-options', '--gpu and --vram both say which card: give one of them.', [
      `--gpu ${shown(gpu)}`,
      `--vram ${shown(vram)}`,
    ]);
  }
  if (gpu?.includes(','))
    throw new InputError('several-gpus', `--gpu ${shown(gpu)}: one card here; gc-plan sweep compares several.`, [
      `--gpu ${gpu.split(',')[0]}`,
    ]);
  if (architecture === undefined || vram !== undefined) return;
  const why =
    gpu === undefined
      ? 'says of which generation a card of the size in --vram is: give that too'
      : '--gpu says which card, and so its generation: leave one of them out';
  throw new InputError('conflicting-options', `--architecture ${architecture}: ${why}.`, [
    gpu === undefined ? `--vram 24GB --architecture ${architecture}` : `--gpu ${shown(gpu)}`,
  ]);
}

function deviceAssumptions(
  device: Device | null,
  gpu: string | undefined,
  architecture: Architecture | undefined,
): readonly string[] {
  if (device === null) return [];
  if (gpu?.trim().toLowerCase() === 'auto')
    return [`--gpu auto: nvidia-smi lists ${cardOfThisMachine().product} first on this machine.`];
  if (device.vendor !== 'any') return [];
  const from = architecture === undefined ? referenceCard : cardOfArchitecture[architecture];
  const generation =
    architecture === undefined
      ? `a card of generation ${anyWithBf16} is meant, which has bf16 (--architecture names an older one)`
      : `a card of generation ${device.architecture} is meant`;
  return [
    `${device.name}: ${generation}; all of it is taken as reported by the driver; context, library workspace, bandwidth and arithmetic are those of the ${from}.`,
  ];
}
