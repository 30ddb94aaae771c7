/** Imported before anything that lists options or layouts. */
import { registerCodeBase } from '../../../src/models/index.js';
import { toy } from './index.js';

registerCodeBase(toy);
