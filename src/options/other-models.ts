/** Weather models that are known by name and have no rules here: what their networks are, so that no profile of ours is offered in their place. */
interface OtherModel {
  readonly label: string;
  /** A noun phrase: what its network is made of. */
  readonly network: string;
  /** Whether its code is PyTorch's, a step of which `capture` records. */
  readonly inPyTorch: boolean;
}

const torch = (label: string, network: string): OtherModel => ({ label, network, inPyTorch: true });
const other = (label: string, network: string): OtherModel => ({ label, network, inPyTorch: false });

/** By the letters and digits that its name begins with. */
const otherModels: Readonly<Record<string, OtherModel>> = {
  aardvark: torch('Aardvark Weather', 'a transformer over observations'),
  ace2: torch('ACE2', 'a spherical Fourier neural operator'),
  acesfno: torch('ACE', 'a spherical Fourier neural operator'),
  arches: torch('ArchesWeather', 'a Swin transformer'),
  atmorep: torch('AtmoRep', 'a masked transformer'),
  aurora: torch('Aurora', 'a Swin transformer between Perceivers'),
  climax: torch('ClimaX', 'a vision transformer'),
  corrdiff: torch('CorrDiff', 'a diffusion U-Net'),
  dlwp: torch('DLWP', 'a U-Net on a cubed sphere or HEALPix'),
  dlesym: torch('DLESyM', 'a U-Net on HEALPix'),
  fengwu: torch('FengWu', 'a transformer over several encoders'),
  fourcastnet: torch('FourCastNet', 'a Fourier neural operator'),
  fcn3: torch('FourCastNet 3', 'a spherical neural operator'),
  fuxi: torch('FuXi', 'a Swin transformer'),
  graphefm: torch('Graph-EFM', 'a latent-variable graph network'),
  makani: torch('Makani', 'neural operators on the sphere'),
  metnet: other('MetNet', 'a network for precipitation nowcasting'),
  neuralgcm: other('NeuralGCM', 'a dynamical core with learned physics'),
  pangu: torch('Pangu-Weather', 'a 3D Swin transformer'),
  prithvi: torch('Prithvi WxC', 'a masked vision transformer'),
  sfno: torch('SFNO', 'a spherical Fourier neural operator'),
  stormcast: torch('StormCast', 'a diffusion U-Net'),
  stormer: torch('Stormer', 'a vision transformer'),
  swinvrnn: torch('SwinVRNN', 'a recurrent Swin transformer'),
  swinrnn: torch('SwinRNN', 'a recurrent Swin transformer'),
};

/** The sentence for a name of another model, and how its step is captured; undefined: it is none. */
export function otherModel(typed: string): { readonly sentence: string; readonly capture: string } | undefined {
  const letters = typed.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const [, found] = Object.entries(otherModels).find(([name]) => letters.startsWith(name)) ?? [];
  if (found === undefined) return undefined;
  const { label, network, inPyTorch } = found;
  const what = `${label} is ${network}, which gc-plan has no rules for`;
  return inPyTorch
    ? {
        sentence: `${what}: gc-plan capture records a training step of your own PyTorch code without a GPU, and estimate --trace asks about it.`,
        capture: 'gc-plan capture --python PATH FILE.py:FUNCTION',
      }
    : {
        sentence: `${what}: gc-plan capture --runtime jax compiles a training step of your own JAX code without a GPU, and estimate --trace asks about it.`,
        capture: 'gc-plan capture --runtime jax --python PATH FILE.py:FUNCTION --gpu NAME',
      };
}
