/** Prices groups of candidates into columns. A generator, so that whoever drives it can stop, count and breathe. */
import type { Device } from '../config/types.js';
import { counts } from '../topology/counts.js';
import { type Candidates, stateCode } from './candidates.js';
import { judgeCandidate, sizeCandidate } from './judge.js';
import type { Requirement } from './requirements.js';
import { groupAt, groupSize, type Space } from './space.js';
import type { Structures } from './structure.js';

export interface Search {
  readonly space: Space;
  readonly device: Device;
  readonly requirement: Requirement;
}

/** Yields after every candidate. */
export function* evaluateGroup(
  { space, device, requirement }: Search,
  group: number,
  structures: Structures,
  candidates: Candidates,
): Generator<void> {
  const found = groupAt(space, group);
  if (found.kind === 'refused') {
    const size = groupSize(space);
    candidates.state.fill(stateCode.refused, group * size, (group + 1) * size);
    return;
  }
  const structure = structures.of(found.base);
  const graph = counts(found.base.model);
  let index = found.firstIndex;
  for (const config of found.configs()) {
    const sized = sizeCandidate(config, structure, graph);
    candidates.peakLiveBytes[index] = sized.peakLiveBytes;
    candidates.parameters[index] = sized.parameters;
    candidates.sampleFlops[index] = sized.sampleFlops;
    if (requirement(sized)) {
      const { kind, deviceBytes } = judgeCandidate(sized, device);
      candidates.deviceBytes[index] = deviceBytes ?? 0;
      candidates.state[index] = stateCode[deviceBytes === undefined ? 'exceedsDeduced' : kind];
    } else candidates.state[index] = stateCode.excluded;
    index++;
    yield;
  }
}
