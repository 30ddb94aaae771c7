/** PhysicsNeMo lays its own linspace over whatever number of rows it is given (`graph_cast_net.py`). */
import type { KindOfRows } from '../../config/grid.js';
import { type GridConvention, linspaceOfPoles } from '../../topology/grid.js';

export const gridKind = 'physicsnemo';
export const kindOfRows: KindOfRows = () => gridKind;

/** linspace(-180, 180, longitudes + 1) without its first. */
export const gridConvention: GridConvention = {
  latitudeOfRow: linspaceOfPoles,
  firstLongitude: (stepDegrees) => stepDegrees - 180,
};
