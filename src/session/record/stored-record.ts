import { fieldsText, mayHoldShared, parseFields, parseValue } from './fields-text.js';
import type { Sealer } from './sealing.js';
import { parseHeader, versionIn, type SessionHeader } from './session-header.js';
import type { SessionDevice, SessionFields, SessionRecord } from './session-record.js';

/** A session that stands in Redis and cannot be read: it is of another kind, damaged, or sealed by a key that is not known. */
export interface UnreadableRecord {
  readonly handle: string;
  /** The nonce of the write that made it, as far as there is one; empty = there is none. */
  readonly version: string;
  readonly unreadable: true;
}

/** The hash that a session is stored as: what it holds by the names of its fields, one after the other. */
export type StoredHash = readonly Buffer[];

/** How a session is to be read. */
export interface RecordReading {
  readonly handle: string;
  readonly sealer: Sealer;
  /** How long sessions live at most, by the options of now. */
  readonly absoluteTtl: number;
}

/** The fields of a hash that mean something. */
interface HashParts {
  header: string;
  fields: Buffer | undefined;
  device: Buffer | undefined;
  rotated: boolean;
  ended: boolean;
  patches: [name: string, sealed: Buffer][];
}

/** What stands in front of the name of a field that was changed beside others' changes. */
const PATCH = 'p:';

/** The name under which a changed field is stored: as in JSON without the quotes, so that UTF-8 can hold it. */
export function patchName(field: string): string {
  return PATCH + JSON.stringify(field).slice(1, -1);
}

/** Reads the hash that a session is stored as; nothing of it is trusted. `undefined` = it was ended. */
export function readRecord(
  hash: StoredHash,
  reading: RecordReading,
): SessionRecord | UnreadableRecord | undefined {
  const parts = partsOf(hash);
  if (parts.ended) return undefined;
  const header = parseHeader(parts.header);
  try {
    if (header !== undefined) return recordOf(parts, header, reading);
  } catch {
    // It does not open, or is not what it should be.
  }
  return { handle: reading.handle, version: versionIn(parts.header), unreadable: true };
}

function partsOf(hash: StoredHash): HashParts {
  const parts: HashParts = {
    header: '',
    fields: undefined,
    device: undefined,
    rotated: false,
    ended: false,
    patches: [],
  };
  for (let at = 0; at + 1 < hash.length; at += 2) {
    const name = String(hash[at]);
    const value = hash[at + 1] as Buffer;
    if (name === 'h') parts.header = value.toString('latin1');
    else if (name === 'd') parts.fields = value;
    else if (name === 'm') parts.device = value;
    else if (name === 'g') parts.rotated = true;
    else if (name === 'x') parts.ended = true;
    else if (name.startsWith(PATCH)) parts.patches.push([name, value]);
  }
  return parts;
}

function recordOf(parts: HashParts, header: SessionHeader, reading: RecordReading): SessionRecord {
  const { version, createdAt, lastSeenAt, maxAge, deadline, userKey } = header;
  const { fields, text } = contentOf(parts, reading);
  const absoluteEnd = Math.min(header.absoluteEnd, createdAt + reading.absoluteTtl);
  return {
    handle: reading.handle,
    fields,
    baseline: { version, text, maxAge, deadline, absoluteEnd, userKey },
    createdAt,
    lastSeenAt,
    absoluteEnd: absoluteEnd === Infinity ? undefined : absoluteEnd,
    userKey,
    device: deviceOf(parts, reading),
    frozen: parts.rotated,
  };
}

/** Without patches the stored text is that of the fields: it is not written anew. */
function contentOf(parts: HashParts, reading: RecordReading): { fields: SessionFields; text: string } {
  const text = open(parts.fields, 'd', reading);
  const isClean = !mayHoldShared(text);
  const fields = parseFields(text, isClean) as Record<string, unknown>;
  if (isClean && parts.patches.length === 0) return { fields, text };
  for (const [name, sealed] of parts.patches) {
    const field = String(JSON.parse(`"${name.slice(PATCH.length)}"`));
    // As an own field, whatever its name: `__proto__` is dropped below.
    const value = sealed.length === 0 ? undefined : parseValue(open(sealed, name, reading));
    Object.defineProperty(fields, field, { value, writable: true, enumerable: true, configurable: true });
    if (value === undefined) Reflect.deleteProperty(fields, field);
  }
  const whole = fieldsText(fields);
  return { fields: parseFields(whole), text: whole };
}

function deviceOf({ device }: HashParts, reading: RecordReading): SessionDevice | undefined {
  if (device === undefined) return undefined;
  const { userAgent, address } = parseFields(open(device, 'm', reading));
  return {
    userAgent: typeof userAgent === 'string' ? userAgent : undefined,
    address: typeof address === 'string' ? address : undefined,
  };
}

function open(sealed: Buffer | undefined, name: string, { sealer, handle }: RecordReading): string {
  const text = sealed && sealer.open(sealed, handle, name);
  if (text === undefined) throw new Error('A field is missing or does not open.');
  return text;
}
