import { isUtf8 } from 'node:buffer';
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/** A key that seals what sessions hold: 32 bytes, and what names it. */
export interface SealingKey {
  readonly id: string;
  readonly key: Buffer;
}

/**
 * Turns the texts of sessions into what is stored, and back. What was sealed for one field of one session opens for no other.
 */
export interface Sealer {
  seal(text: string, handle: string, field: string): string | Buffer;
  /** The text; `undefined` = it was not sealed so, by none of the keys, or was changed since. */
  open(sealed: Buffer, handle: string, field: string): string | undefined;
}

/** AES-256-GCM where there are keys: the first one seals, all of them open. Else texts are stored as they are. */
export function createSealer(keys: readonly SealingKey[]): Sealer {
  const [first] = keys;
  return first === undefined ? PLAIN : new AesSealer(first, keys);
}

const PLAIN: Sealer = Object.freeze({
  seal: (text: string) => text,
  open: (sealed: Buffer) => (isUtf8(sealed) ? sealed.toString() : undefined),
});

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const DOT = 0x2e;

/** Stored as the key's id, a dot, the IV, the tag and the ciphertext. */
class AesSealer implements Sealer {
  readonly #first: SealingKey;
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #head: Buffer;

  constructor(first: SealingKey, keys: readonly SealingKey[]) {
    this.#first = first;
    this.#keys = new Map(keys.map(({ id, key }) => [id, key]));
    this.#head = Buffer.from(`${first.id}.`);
  }

  seal(text: string, handle: string, field: string): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, sessionKey(this.#first.key, handle), iv);
    cipher.setAAD(Buffer.from(`${handle}:${field}`));
    const body = [cipher.update(text, 'utf8'), cipher.final()];
    return Buffer.concat([this.#head, iv, cipher.getAuthTag(), ...body]);
  }

  open(sealed: Buffer, handle: string, field: string): string | undefined {
    const dot = sealed.indexOf(DOT);
    const key = dot < 0 ? undefined : this.#keys.get(sealed.toString('latin1', 0, dot));
    const start = dot + 1 + IV_BYTES + TAG_BYTES;
    if (key === undefined || sealed.length < start) return undefined;
    const iv = sealed.subarray(dot + 1, start - TAG_BYTES);
    const decipher = createDecipheriv(CIPHER, sessionKey(key, handle), iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(`${handle}:${field}`));
    decipher.setAuthTag(sealed.subarray(start - TAG_BYTES, start));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(start)), decipher.final()]).toString();
    } catch {
      return undefined;
    }
  }
}

/**
 * Each session has a key of its own: with random IVs a key must not seal more than 2³² texts (NIST SP 800-38D), which the
 * sessions of a busy site reach together, and none of them alone.
 */
function sessionKey(key: Buffer, handle: string): Buffer {
  return createHmac('sha256', key).update(handle).digest();
}
