import { describe, expect, it } from 'vitest';
import { profileNames } from '../../src/config/profiles.js';
import { codeBaseOf } from '../../src/models/index.js';
import { resolveConfig } from '../../src/options/resolve.js';

const owns = await Promise.all(
  profileNames('models').map(async (model) => {
    const config = await resolveConfig({ model, flags: {} });
    const options = codeBaseOf(config.model.layout).options ?? [];
    return options.flatMap(({ name, key }) => {
      const value = config.model.own?.[key];
      return value === undefined ? [] : [{ model, name, value }];
    });
  }),
);

describe('an option of a code base, typed at the value that its model has', () => {
  it.each(owns.flat())('changes nothing of $model: --$name $value', async ({ model, name, value }) => {
    const typed = await resolveConfig({ model, flags: { [name]: typeof value === 'boolean' ? value : String(value) } });
    expect(typed.model).toEqual((await resolveConfig({ model, flags: {} })).model);
  });

  it('is there for two code bases that share it', () => {
    const hops = owns.flat().flatMap(({ model, name }) => (name === 'k-hop' ? [model] : []));
    expect(hops).toEqual(expect.arrayContaining(['gencast', 'weathernext2']));
  });
});
