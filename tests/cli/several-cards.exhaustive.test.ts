import { expect, it } from 'vitest';
import { cards } from '../../src/services/cards.js';
import { invoke } from './invoke.js';

it('where no card is enough, several of the largest kind are, as their own command line says', async () => {
  const flags = { runtime: 'pytorch', checkpoint: 'none', batch: '8', 'hidden-dim': '1024' };
  const { cards: rows, cheapest } = await cards({ model: 'graphcast', flags });
  const first = rows[0]!;
  expect(first.gpus).toBeGreaterThan(1);
  expect(cheapest).toBe(first.device.name);
  expect(rows.slice(1).every(({ gpus, verdict }) => gpus === 1 && verdict.kind !== 'fits')).toBe(true);
  const { stdout, exit } = await invoke([...first.command.split(' ').slice(1), '--json']);
  expect({ exit, bytes: JSON.parse(stdout).memory.deviceBytes }).toEqual({ exit: 0, bytes: first.deviceBytes });
});
