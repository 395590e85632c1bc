import { fieldsText, mayHoldShared, parseFields, parseValue } from './fields-text.js';
import type { Sealer } from './sealing.js';
import type { SessionDevice, SessionFields, SessionRecord } from './session-record.js';

/** A session that stands in Redis and cannot be read: it is of another kind, damaged, or sealed by a key that is not known. */
export interface UnreadableRecord {
  readonly handle: string;
  /** The nonce of the write that made it, as far as there is one; empty = there is none. */
  readonly version: string;
  readonly unreadable: true;
}

/** The names of the fields of the hash that a session is stored as. */
export type StoredHash = ReadonlyMap<string, Buffer>;

/** How a session is to be read. */
export interface RecordReading {
  readonly handle: string;
  readonly sealer: Sealer;
  /** How long sessions live at most, by the options of now. */
  readonly absoluteTtl: number;
  /** When the hash expires, by the clock of Redis. */
  readonly deadline: number;
}

/** What stands in front of the name of a field that was changed beside others' changes. */
const PATCH = 'p:';

/** The name under which a changed field is stored: as in JSON without the quotes, so that UTF-8 can hold it. */
export function patchName(field: string): string {
  return PATCH + JSON.stringify(field).slice(1, -1);
}

/** A session's own idle time as text: empty = as the options say, `-` = until the browser ends. */
export function maxAgeText(maxAge: number | null | undefined): string {
  if (maxAge === undefined) return '';
  return maxAge === null ? '-' : String(maxAge);
}

/** Reads the hash that a session is stored as; nothing of it is trusted. */
export function readRecord(hash: StoredHash, reading: RecordReading): SessionRecord | UnreadableRecord {
  const { handle } = reading;
  const version = textOf(hash, 'v');
  try {
    return recordOf(hash, version, reading);
  } catch {
    return { handle, version, unreadable: true };
  }
}

function recordOf(hash: StoredHash, version: string, reading: RecordReading): SessionRecord {
  const { handle, deadline, absoluteTtl } = reading;
  if (version === '') throw new Error('A write has left no nonce.');
  const { fields, text } = contentOf(hash, reading);
  const createdAt = numberOf(hash, 'c');
  const absoluteEnd = Math.min(
    hash.get('e')?.length ? numberOf(hash, 'e') : Infinity,
    createdAt + absoluteTtl,
  );
  const userKey = textOf(hash, 'u') || undefined;
  return {
    handle,
    fields,
    baseline: { version, text, maxAge: maxAgeOf(hash), deadline, absoluteEnd, userKey },
    createdAt,
    lastSeenAt: numberOf(hash, 's'),
    absoluteEnd: absoluteEnd === Infinity ? undefined : absoluteEnd,
    userKey,
    device: deviceOf(hash, reading),
    frozen: hash.has('g'),
  };
}

/** Without patches the stored text is that of the fields: it is not written anew. */
function contentOf(hash: StoredHash, reading: RecordReading): { fields: SessionFields; text: string } {
  const text = open(hash, 'd', reading);
  const fields = parseFields(text) as Record<string, unknown>;
  let patched = mayHoldShared(text);
  for (const [name, sealed] of hash) {
    if (!name.startsWith(PATCH)) continue;
    patched = true;
    const field = String(JSON.parse(`"${name.slice(PATCH.length)}"`));
    // As an own field, whatever its name: `__proto__` is dropped below.
    const value = sealed.length === 0 ? undefined : parseValue(open(hash, name, reading));
    Object.defineProperty(fields, field, { value, writable: true, enumerable: true, configurable: true });
    if (value === undefined) Reflect.deleteProperty(fields, field);
  }
  if (!patched) return { fields, text };
  const whole = fieldsText(fields);
  return { fields: parseFields(whole), text: whole };
}

function deviceOf(hash: StoredHash, reading: RecordReading): SessionDevice | undefined {
  if (!hash.get('m')?.length) return undefined;
  const { userAgent, address } = parseFields(open(hash, 'm', reading));
  return {
    userAgent: typeof userAgent === 'string' ? userAgent : undefined,
    address: typeof address === 'string' ? address : undefined,
  };
}

function maxAgeOf(hash: StoredHash): number | null | undefined {
  const text = textOf(hash, 'k');
  if (text === '') return undefined;
  return text === '-' ? null : numberOf(hash, 'k');
}

function open(hash: StoredHash, name: string, { sealer, handle }: RecordReading): string {
  const sealed = hash.get(name);
  const text = sealed && sealer.open(sealed, handle, name);
  if (text === undefined) throw new Error('A field is missing or does not open.');
  return text;
}

function numberOf(hash: StoredHash, name: string): number {
  const text = textOf(hash, name);
  if (!/^\d{1,16}$/.test(text)) throw new Error('A time is none.');
  return Number(text);
}

function textOf(hash: StoredHash, name: string): string {
  return hash.get(name)?.toString('latin1') ?? '';
}
