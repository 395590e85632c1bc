import { createHash, randomBytes } from 'node:crypto';
import { escapeKey } from '../../key/escape.js';

/** A new id of a session: 192 random bits, in base64url. */
export function newSessionId(): string {
  return randomBytes(24).toString('base64url');
}

/** What names one write: 96 random bits, in base64url. */
export function newVersion(): string {
  return randomBytes(12).toString('base64url');
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
