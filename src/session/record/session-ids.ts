import { createHash, randomBytes } from 'node:crypto';
import { escapeKey } from '../../key/escape.js';

/** A new id of a session: 192 random bits, in base64url. */
export function newSessionId(): string {
  return randomBytes(24).toString('base64url');
}

const VERSION_BYTES = 12;
/** Random bytes for the versions to come: to draw them one by one takes as long as all else that a write needs here. */
let drawn = Buffer.alloc(0);

/** What names one write: 96 random bits, in base64url. */
export function newVersion(): string {
  if (drawn.length === 0) drawn = randomBytes(256 * VERSION_BYTES);
  const version = drawn.toString('base64url', 0, VERSION_BYTES);
  drawn = drawn.subarray(VERSION_BYTES);
  return version;
}

/** What names a session without giving away its id: SHA-256, in base64url. */
export function handleOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

/** What stands for a user in keys: SHA-256, in base64url. Different users never share one. */
export function userKeyOf(userId: string): string {
  // UTF-8 writes all half surrogates alike; escaped they stay different.
  return createHash('sha256').update(escapeKey(userId)).digest('base64url');
}
