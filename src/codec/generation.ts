import { randomBytes } from 'node:crypto';

/** The length of a generation: 11 ASCII characters. */
export const GENERATION_LENGTH = 11;

/** Base64 turns three bytes into four characters, so this many bytes give whole generations without padding. */
const POOL_BYTES = 33 * 24;

let pool = '';
let taken = 0;

/**
 * A new generation: 11 characters of base64url, 66 random bits, so that two are never alike. Generations are compared by
 * equality only and have no order.
 */
export function newGeneration(): string {
  if (taken === pool.length) {
    pool = randomBytes(POOL_BYTES).toString('base64url');
    taken = 0;
  }
  taken += GENERATION_LENGTH;
  return pool.slice(taken - GENERATION_LENGTH, taken);
}
