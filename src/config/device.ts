/** The card: a named profile, or only a size with a documented card's other values. */
import { InputError } from '../errors.js';
import { type Bytes, bytes, GiB } from '../units.js';
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

/** A profile without what only people read. */
export function deviceOf(name: string): Device {
  const { description, ...device } = loadDevice(name);
  return device;
}

/** For the commands that answer nothing without a card; `command`: up to where its flags go on. */
export const missingCard = (command: string): InputError =>
  new InputError(
    'missing-card',
    `${command.split(' ')[0]} needs to know the card: which one, or how much memory it has.`,
    [`gc-plan ${command} --gpu rtx-4090`, `gc-plan ${command} --vram 24GB`],
  );

function deviceOfSize(text: string): Device {
  const size = parseSize(text, '--vram');
  if (size < GiB / 4)
    throw new InputError('size-too-small', `--vram ${shown(text)}: no card that trains is smaller than 256MB.`, [
      '--vram 24GB',
    ]);
  const gibibytes = Number((size / GiB).toFixed(2));
  return { ...standInDevice(), name: `${gibibytes}GB`, vendor: 'any', nominalBytes: size, reportedBytes: size };
}

export function resolveDevice(
  gpu: string | undefined,
  vram: string | undefined,
  reserve: string | undefined,
): ResolvedDevice {
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
  const device = gpu !== undefined ? deviceOf(gpu) : vram !== undefined ? deviceOfSize(vram) : null;
  const reserveBytes = reserve === undefined ? bytes(0) : parseSize(reserve, '--reserve', '1GB');
  if (device && reserveBytes >= device.reportedBytes) {
    throw new InputError('nothing-left', `--reserve ${shown(reserve ?? '')}: leaves nothing of the ${device.name}.`, [
      '--reserve 1GB',
    ]);
  }
  const assumptions =
    vram !== undefined && device
      ? [
          `${device.name}: all of it is taken as reported by the driver; context, library workspace, bandwidth and arithmetic are those of the ${referenceCard}.`,
        ]
      : [];
  return { device, reserveBytes, assumptions };
}
