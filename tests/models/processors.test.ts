import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/types.js';
import { countParameters } from '../../src/ir/forward-program.js';
import { liveness } from '../../src/memory/liveness.js';
import { counts } from '../../src/models/counts.js';
import { priceProgram } from '../../src/price.js';
import { plainRecipe } from '../runtimes/pytorch/records.js';

type Sizes = Pick<Config['model'], 'hiddenDim' | 'layers' | 'heads' | 'mlpRatio' | 'processor' | 'layout'>;

const configOf = (sizes: Partial<Sizes>, more: Partial<Config['model']> = {}, recipe = plainRecipe): Config => ({
  runtime: 'pytorch',
  model: {
    name: 'law',
    layout: 'physicsnemo',
    hiddenDim: 32,
    layers: 4,
    meshLevel: 1,
    mlpHiddenLayers: 1,
    grid: { latitudes: 13, longitudes: 24, kind: 'poles' },
    inputChannels: 20,
    outputChannels: 9,
    radiusFraction: 0.6,
    processor: 'attention',
    heads: 4,
    mlpRatio: 4,
    attentionBackend: 'pyg',
    ...sizes,
    ...more,
  },
  recipe,
  device: null,
  reserveBytes: 0,
  allowTight: false,
  assumptions: [],
});

function price(config: Config) {
  const { program, trace, dimensions } = priceProgram(config, counts(config.model));
  return { parameters: countParameters(program, dimensions), peak: liveness(trace, dimensions).peak.liveBytes };
}

const perLayer = (config: Config): number => {
  const { byNetwork } = price(config).parameters;
  return byNetwork.filter(({ network }) => network.startsWith('mesh.0')).reduce((sum, { count }) => sum + count, 0);
};

const widths = fc.constantFrom(16, 48, 64);

describe('processors', () => {
  it('a graph transformer layer has (5 + 2r)H² + (D + 11 + r)H parameters with edge features of width D = H', () => {
    fc.assert(
      fc.property(widths, fc.integer({ min: 1, max: 6 }), (H, r) => {
        const own = perLayer(configOf({ hiddenDim: H, mlpRatio: r }));
        expect(own).toBe((5 + 2 * r) * H ** 2 + (H + 11 + r) * H);
      }),
    );
  });

  it('a gated layer has 4H² + 6H parameters', () => {
    fc.assert(
      fc.property(widths, (H) => {
        expect(perLayer(configOf({ hiddenDim: H, processor: 'gated' }))).toBe(4 * H ** 2 + 6 * H);
      }),
    );
  });

  it('a gated layer that reads D edge features has 3DH parameters more', () => {
    fc.assert(
      fc.property(widths, (H) => {
        const [without, withFeatures] = (['gated', 'gated-edges'] as const).map((processor) =>
          perLayer(configOf({ hiddenDim: H, processor })),
        );
        expect(withFeatures! - without!).toBe(3 * 4 * H);
      }),
    );
  });

  it('XLA joins node rows and edge features once per layer and end of the edges: query and value read one array', () => {
    const layers = 3;
    const config: Config = { ...configOf({ layers, processor: 'gated-edges', layout: 'jax' }), runtime: 'jax' };
    const { trace } = priceProgram(config, counts(config.model));
    const joins = [...trace.bufferOperation].filter((made) => /^\w+ and edge features$/.test(trace.operations[made]!));
    // Read off the compiled step of jax 0.10.2 for three such layers: six kernels that write `[edges, hiddenDim + 4]`.
    expect(joins.length).toBe(2 * layers);
  });

  it('the number of heads changes no parameter, and more heads never need less memory', () => {
    fc.assert(
      fc.property(widths, fc.constantFrom(1, 2, 4, 8), (hiddenDim, heads) => {
        const [few, many] = [heads, 2 * heads].map((each) => price(configOf({ hiddenDim, heads: each })));
        expect(many!.parameters.count).toBe(few!.parameters.count);
        expect(many!.peak).toBeGreaterThanOrEqual(few!.peak);
      }),
      { numRuns: 20 },
    );
  });

  it("every parameter's gradient is there after the backward pass: no network is left out of the graph", () => {
    const layouts = ['anemoi-graphtransformer', 'anemoi-gnn', 'graph-weather', 'neural-lam', 'physicsnemo'] as const;
    for (const layout of layouts) {
      const recipe = { ...plainRecipe, optimizer: 'momentum' } as const;
      const config = configOf({ layout }, layout === 'anemoi-gnn' ? { mlpHiddenLayers: 2 } : {}, recipe);
      const { program, trace, dimensions } = priceProgram(config, counts(config.model));
      const { byCategory } = liveness(trace, dimensions);
      const bytes = 4 * countParameters(program, dimensions).count;
      const optimizerBuffers = trace.bufferCategory.filter((category) => category === 2).length;
      expect(byCategory.parameter, layout).toBe(bytes);
      expect(optimizerBuffers, layout).toBe(program.parameters.length);
    }
  });

  it('checkpointing the layers one by one never raises the peak of the forward pass', () => {
    const one = { kind: 'every', layers: 1 } as const;
    fc.assert(
      fc.property(
        fc.constantFrom('attention', 'gated', 'gated-edges', 'interaction'),
        fc.constantFrom('physicsnemo', 'anemoi-graphtransformer', 'graph-weather'),
        widths,
        (processor, layout, hiddenDim) => {
          const checkpoint = { ...plainRecipe.checkpoint, processor: one };
          const forward = (recipe: Config['recipe']) => {
            const config = configOf({ processor, layout, hiddenDim }, {}, recipe);
            const { trace, dimensions } = priceProgram(config, counts(config.model));
            return liveness(trace, dimensions).phases.find(({ phase }) => phase === 'forward')!.peakLiveBytes;
          };
          expect(forward({ ...plainRecipe, checkpoint })).toBeLessThanOrEqual(forward(plainRecipe));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('a rollout of 2N steps needs more than one of N, in every code base', () => {
    for (const layout of ['anemoi-graphtransformer', 'anemoi-gnn', 'graph-weather', 'neural-lam'] as const) {
      const [short, long] = [1, 2].map((rolloutSteps) =>
        price(configOf({ layout }, {}, { ...plainRecipe, rolloutSteps })),
      );
      expect(long!.peak, layout).toBeGreaterThan(short!.peak);
    }
  });
});
