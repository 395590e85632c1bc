import { NumberPipe } from '../validation/number.pipe.js';

/** Reads the id of a city; anything else is answered with 400. */
export const cityIdPipe = new NumberPipe({ min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
