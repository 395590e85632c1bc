import type { EncodedValue } from '../codec/codec.js';
import { PLAIN_JSON_FLAGS } from '../codec/flags.js';

/** The only property of what stands for a value that JSON does not keep: `[flags, payload in base64]`. */
const MARK = 'nestjs-redis-cache';

/** An encoded value as it is given to a Keyv: itself where it is JSON, so that other users of the Keyv can read it. */
export function toKeyvValue({ flags, payload }: EncodedValue): unknown {
  if (flags === PLAIN_JSON_FLAGS) {
    const value: unknown = JSON.parse(payload.toString());
    if (fromKeyvValue(value) === undefined) return value;
  }
  return { [MARK]: [flags, Buffer.from(payload as Buffer).toString('base64')] };
}

/** The encoded value that `toKeyvValue` wrapped; `undefined` for any other value. */
export function fromKeyvValue(value: unknown): (EncodedValue & { readonly payload: Buffer }) | undefined {
  if (typeof value !== 'object' || value === null || !(MARK in value)) return undefined;
  const [flags, payload] = (Array.isArray(value[MARK]) ? value[MARK] : []) as unknown[];
  if (typeof flags !== 'number' || typeof payload !== 'string') return undefined;
  return Object.keys(value).length === 1 ? { flags, payload: Buffer.from(payload, 'base64') } : undefined;
}
