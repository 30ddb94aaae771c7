/** Configuration files of other code bases, and what is right for each: `docs/import.md` shows them as a table. */

export interface Row {
  /** Below `configurations/`. */
  readonly file: string;
  /** Typed beside the file. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Keys of the model and the recipe, where the file itself was read by a person. */
  readonly gives?: Readonly<Record<string, unknown>>;
  /** Parameters that its own code counts: `from` says which. */
  readonly published?: { readonly parameters: number; readonly from: string };
  /** Flags that are asked for, each of them and no other. */
  readonly asks?: readonly string[];
  /** What the sentence of a refusal names. */
  readonly refuses?: string;
}

const channels = { 'input-channels': '180', 'output-channels': '85' };
const ask = ['input-channels', 'output-channels'];
const datastore = { grid: '91x180', 'mesh-level': '4', 'input-channels': '40', 'output-channels': '17' };
const haiku = 'the Haiku modules of google-deepmind/graphcast 08cf736, counted';

const anemoi: readonly Row[] = [
  { file: 'anemoi/packaged-gnn/config.yaml', flags: channels },
  { file: 'anemoi/packaged-gnn/config.yaml', asks: ask },
  { file: 'anemoi/packaged-graphtransformer/config.yaml', flags: channels },
  { file: 'anemoi/packaged-stretched/config.yaml', flags: channels, asks: ['mesh-level'] },
  { file: 'anemoi/packaged-limited-area/config.yaml', flags: channels, asks: ['mesh-level'] },
  { file: 'anemoi/packaged-transformer/config.yaml', flags: channels },
  { file: 'anemoi/packaged-transformer/config.yaml', asks: ask },
  {
    file: 'anemoi/aifs-like/config.yaml',
    flags: { 'input-channels': '212', 'output-channels': '120' },
    gives: { own: { mapper: 'graphtransformer', windowSize: 1120 }, inputChannels: 212 },
  },
  { file: 'anemoi/packaged-transformer-mapper/config.yaml', flags: channels },
  { file: 'anemoi/packaged-ensemble/config.yaml', flags: channels },
  { file: 'anemoi/packaged-ensemble-graphtransformer/config.yaml', flags: channels },
  { file: 'anemoi/packaged-hierarchical/config.yaml', flags: channels, refuses: 'AnemoiModelEncProcDecHierarchical' },
  { file: 'anemoi/packaged-autoencoder/config.yaml', flags: channels, refuses: 'NoOpProcessor' },
  { file: 'anemoi/packaged-point-wise/config.yaml', flags: channels },
  { file: 'anemoi/packaged-transport/config.yaml', flags: channels, refuses: 'AnemoiTransportModelEncProcDec' },
  { file: 'anemoi/packaged-several-data-sets/config.yaml', flags: channels, refuses: 'several data sets' },
  { file: 'anemoi/values-over-groups/config.yaml', flags: channels },
  { file: 'anemoi/override-of-nested-group/config.yaml', flags: channels },
  { file: 'anemoi/groups-beside/config.yaml', flags: channels },
  { file: 'anemoi/heads-differ/config.yaml', flags: channels, refuses: 'num_heads 8 in the processor' },
  { file: 'anemoi/heads-differ/config.yaml', flags: { ...channels, heads: '16' }, gives: { heads: 16 } },
  { file: 'anemoi/group-replaced-as-a-whole/config.yaml', flags: channels },
  { file: 'anemoi/self-first/config.yaml', flags: channels },
  { file: 'anemoi/no-self/config.yaml', flags: channels },
  { file: 'anemoi/experiment-global/config.yaml', flags: channels },
  { file: 'anemoi/group-into-package/config.yaml', flags: channels },
  { file: 'anemoi/interpolation/config.yaml', flags: channels },
  { file: 'anemoi/folder-config/config.yaml', flags: channels },
  { file: 'anemoi/coarse-mesh/config.yaml', flags: channels },
  { file: 'anemoi/slurm/config.yaml', flags: { ...channels, gpus: '4' } },
  { file: 'anemoi/slurm/config.yaml', flags: channels, asks: ['gpus'] },
  { file: 'anemoi/no-model/config.yaml', flags: channels, asks: ['MODEL', 'layers', 'hidden-dim'] },
  { file: 'anemoi/unknown-group/config.yaml', flags: channels, asks: ['MODEL', 'layers', 'hidden-dim'] },
  { file: 'anemoi/nearest-encoder/config.yaml', flags: channels, asks: ['mesh-level'] },
  {
    file: 'anemoi/composed-older.yaml',
    flags: channels,
    gives: {
      layout: 'anemoi-graphtransformer',
      hiddenDim: 1024,
      layers: 16,
      heads: 16,
      mlpRatio: 4,
      meshLevel: 5,
      precision: 'fp16',
      batchSize: 2,
      gpus: 4,
      parallel: 'data',
      checkpoint: 'encoder+decoder+processor:every=8+edges:blocks=4',
    },
  },
  { file: 'anemoi/latent-o96.yaml', flags: channels, asks: ['mesh-level'] },
  { file: 'anemoi/environment-width.yaml', flags: channels, asks: ['hidden-dim', 'layers'] },
  {
    file: 'anemoi/environment-width.yaml',
    flags: { ...channels, 'hidden-dim': '256', layers: '8' },
    gives: { layout: 'anemoi-graphtransformer', hiddenDim: 256, layers: 8, meshLevel: 5 },
  },
];

const physicsnemo: readonly Row[] = [
  {
    file: 'physicsnemo/example.yaml',
    gives: {
      layout: 'physicsnemo',
      grid: { latitudes: 721, longitudes: 1440, kind: 'physicsnemo' },
      meshLevel: 6,
      inputChannels: 83,
      outputChannels: 73,
      precision: 'bf16-full',
      checkpoint: 'encoder',
      concatTrick: 'fused',
      recomputeActivation: true,
      optimizer: 'adamw-fused',
    },
  },
  {
    file: 'physicsnemo/synthetic.yaml',
    gives: {
      inputChannels: 73,
      outputChannels: 73,
      precision: 'fp16',
      checkpoint: 'processor:segments=2',
      concatTrick: 'off',
    },
  },
  {
    file: 'physicsnemo/first-release.yaml',
    gives: { grid: { latitudes: 721, longitudes: 1440, kind: 'physicsnemo' }, inputChannels: 34, outputChannels: 34 },
  },
  {
    file: 'physicsnemo/history.yaml',
    gives: { inputChannels: 51, outputChannels: 20, meshLevel: 5, checkpoint: 'encoder+decoder' },
  },
  { file: 'physicsnemo/arguments-nested.yaml', gives: { meshLevel: 4, mlpHiddenLayers: 2, precision: 'fp32' } },
  { file: 'physicsnemo/arguments-few.yaml', asks: ['grid'] },
  {
    file: 'physicsnemo/arguments-few.yaml',
    flags: { grid: '181x360' },
    gives: { meshLevel: 6, inputChannels: 90, outputChannels: 227, layers: 16 },
  },
  { file: 'physicsnemo/arguments.json', gives: { meshLevel: 5, layers: 3 } },
  {
    file: 'physicsnemo/shallow-water.yaml',
    gives: { grid: { latitudes: 360, longitudes: 720, kind: 'physicsnemo' }, meshLevel: 6, precision: 'fp32' },
  },
  { file: 'physicsnemo/graph-transformer.yaml', refuses: 'GraphTransformer' },
  { file: 'physicsnemo/environment.yaml', asks: ['hidden-dim', 'grid'] },
  {
    file: 'physicsnemo/environment.yaml',
    flags: { 'hidden-dim': '256', grid: '181x360' },
    gives: { hiddenDim: 256, layers: 16, meshLevel: 6 },
  },
  { file: 'physicsnemo/too-wide.yaml', refuses: 'hidden_dim' },
];

const deepmind: readonly Row[] = [
  { file: 'deepmind/graphcast-small.json', published: { parameters: 35_979_347, from: haiku } },
  { file: 'deepmind/graphcast.json', published: { parameters: 36_348_131, from: haiku } },
  { file: 'deepmind/graphcast-operational.json', published: { parameters: 35_977_299, from: haiku } },
  { file: 'deepmind/narrow.json', published: { parameters: 9_076_819, from: haiku } },
  { file: 'deepmind/narrow-37-levels.json', published: { parameters: 2_402_531, from: haiku } },
  { file: 'deepmind/resolution-0.json', asks: ['resolution'] },
  {
    file: 'deepmind/resolution-0.json',
    flags: { resolution: '1' },
    published: { parameters: 35_979_347, from: haiku },
  },
  { file: 'deepmind/quarter-degree-without-task.json', asks: ['levels'] },
  {
    file: 'deepmind/small-without-task.json',
    gives: { pressureLevels: 13, inputChannels: 186, outputChannels: 83, hiddenDim: 256, layers: 8, meshLevel: 5 },
  },
  { file: 'deepmind/beyond-limits.json', refuses: 'latent_size' },
  { file: 'deepmind/gencast.json', refuses: 'GenCast' },
];

const neuralLam: readonly Row[] = [
  { file: 'neural-lam/readme.txt', asks: ['mesh-level', 'grid', 'input-channels', 'output-channels'] },
  {
    file: 'neural-lam/readme.txt',
    flags: datastore,
    gives: { layout: 'neural-lam', hiddenDim: 64, layers: 4, mlpHiddenLayers: 1, precision: 'fp32', batchSize: 4 },
  },
  {
    file: 'neural-lam/continued.sh',
    flags: datastore,
    gives: {
      layout: 'neural-lam',
      hiddenDim: 128,
      layers: 6,
      mlpHiddenLayers: 2,
      batchSize: 2,
      rolloutSteps: 4,
      precision: 'bf16',
      gpus: 8,
      parallel: 'data',
    },
  },
  {
    file: 'neural-lam/slurm-variables.sh',
    flags: { gpus: '1' },
    asks: ['mesh-level', 'grid', 'input-channels', 'output-channels'],
  },
  { file: 'neural-lam/slurm-variables.sh', flags: datastore, asks: ['gpus'] },
  {
    file: 'neural-lam/slurm-variables.sh',
    flags: { ...datastore, gpus: '1' },
    gives: { hiddenDim: 128, layers: 4, batchSize: 2, gpus: 1 },
  },
  { file: 'neural-lam/hierarchical.txt', flags: datastore, refuses: 'hi_lam' },
  { file: 'neural-lam/hierarchical-parallel.sh', flags: datastore, refuses: 'hi_lam_parallel' },
  {
    file: 'neural-lam/mapping.yaml',
    flags: datastore,
    gives: { layout: 'neural-lam', hiddenDim: 96, layers: 8, batchSize: 4 },
  },
];

const others: readonly Row[] = [
  { file: 'paddle/graphcast-small.yaml', refuses: 'PaddleScience' },
  { file: 'paddle/contribution.json', refuses: 'PaddleScience' },
  { file: 'others/mindearth.yaml', refuses: 'MindEarth' },
  { file: 'others/graph-weather.json', refuses: 'GraphWeatherForecaster' },
  { file: 'others/graph-weather-arguments.yaml', asks: ['grid'] },
  {
    file: 'others/graph-weather-arguments.yaml',
    flags: { grid: '91x180' },
    gives: { layout: 'graph-weather', hiddenDim: 192, layers: 6, meshLevel: 2, inputChannels: 60, outputChannels: 50 },
  },
  { file: 'others/program.py', refuses: 'Python' },
];

export const rows: readonly Row[] = [...anemoi, ...physicsnemo, ...deepmind, ...neuralLam, ...others];
