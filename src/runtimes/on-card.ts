/** What a report says of the card beside the numbers: which precision runs there, and which builds support it. */
import { type Bf16Device, deviceInWords, hasBf16 } from '../config/device.js';
import type { Config, Device, Precision, Recipe, RuntimeName } from '../config/types.js';
import { codeBaseOf } from '../models/index.js';
import { runtimeTraits, usableBytes } from './traits.js';
import type { CardSupport, Runtime } from './types.js';

export interface OnCard {
  /** Why this much of the card is usable. */
  readonly usable: string;
  /** How the framework is told to take more of the card, and what is usable then. */
  readonly largerShare?: { readonly keptBack: string; readonly setting: string; readonly usableBytes: number };
  /** For the headline: the precision that was asked for is not the one that runs, or nothing runs. */
  readonly precision?: string;
  /** The same, as whole sentences. */
  readonly sentences: readonly string[];
}

function buildsSentence({ label, builds }: CardSupport, { computeCapability }: Device): string {
  const decimal = (capability: number) => (capability / 10).toFixed(1);
  const each = builds.map(({ name, oldestComputeCapability }) => `${decimal(oldestComputeCapability)} (${name})`);
  return `${label} supports compute capability ${each.join(' or ')} and newer; this card has ${decimal(computeCapability)}.`;
}

/** Which share of a card a process may take, and how it takes more. */
export function shareOf(
  { usableShare, largerShare }: Runtime,
  {
    device,
    recipe,
    runtime,
    reserveBytes,
  }: Pick<Config, 'runtime' | 'reserveBytes'> & {
    readonly device: Device;
    readonly recipe: Pick<Recipe, 'memFraction' | 'jaxAllocator'>;
  },
): Pick<OnCard, 'usable' | 'largerShare'> {
  const larger = largerShare?.(recipe);
  return {
    usable: usableShare({ recipe, reserveBytes }),
    ...(larger && {
      largerShare: {
        keptBack: larger.keptBack,
        setting: larger.setting,
        usableBytes: usableBytes(device, { ...recipe, memFraction: larger.memFraction }, runtime, reserveBytes),
      },
    }),
  };
}

/** What a card without bf16 makes of a precision; undefined: it runs as it is. */
export const bf16Substitute = (runtime: RuntimeName, precision: Precision, device: Bf16Device) =>
  precision.startsWith('bf16') && !hasBf16(device) ? runtimeTraits[runtime].withoutBf16 : undefined;

export function onCard(ofRuntime: Runtime, config: Config): OnCard | undefined {
  const { cards } = ofRuntime;
  const { device, recipe } = config;
  if (device === null) return undefined;
  const isNvidia = device.vendor !== 'amd';
  const { computeCapability } = device;
  const tooOldFor = cards.builds.filter((build) => isNvidia && computeCapability < build.oldestComputeCapability);
  const isTooOld = tooOldFor.length === cards.builds.length;
  const substitute = bf16Substitute(config.runtime, recipe.precision, device);
  const words = deviceInWords(device);
  const kernel = codeBaseOf(config.model.layout).ownKernel?.(config.model);
  const lacksKernel = kernel !== undefined && isNvidia && computeCapability < kernel.oldestComputeCapability;
  const reasons = [
    ...(lacksKernel ? [`${kernel.label} does not run on ${words}: ${kernel.instead}`] : []),
    ...(substitute ? [`${words} has no bf16: ${substitute.short}`] : []),
    ...(isTooOld ? [`no current build of ${cards.label} supports ${words}`] : []),
  ];
  return {
    ...shareOf(ofRuntime, { ...config, device }),
    ...(reasons.length > 0 && { precision: reasons.join('; ') }),
    sentences: [
      ...(substitute ? [`${capitalized(words)} has no bf16: ${substitute.sentence}.`] : []),
      ...(isNvidia && (substitute || tooOldFor.length > 0) ? [buildsSentence(cards, device)] : []),
    ],
  };
}

const capitalized = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}`;

/** `usableShare` of a process that takes memory as it needs it. */
export const allThatIsReported = ({ reserveBytes }: Pick<Config, 'reserveBytes'>): string =>
  reserveBytes === 0 ? 'all that the driver reports' : 'what the driver reports − --reserve';
