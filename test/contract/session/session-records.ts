import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import { createSealer, type SealingKey } from '../../../src/session/record/sealing.js';
import type { Baseline, SessionFields, SessionRecord } from '../../../src/session/record/session-record.js';
import type { RecordSettings } from '../../../src/session/storage/record-arguments.js';
import { RedisSessionRecords, type NewRecord } from '../../../src/session/storage/redis-session-records.js';
import { SessionKeys } from '../../../src/session/storage/session-keys.js';
import type { WriteOutcome } from '../../../src/session/storage/session-storage.js';
import type { RedisServer } from '../../support/redis-server.js';

let prefixes = 0;

/** Records under a prefix that no other test has. */
export function recordsOn(
  connection: ManagedConnection,
  some: Partial<RecordSettings> & {
    readonly sealing?: readonly SealingKey[];
    readonly keys?: SessionKeys;
  } = {},
): { readonly records: RedisSessionRecords; readonly keys: SessionKeys } {
  const { sealing = [], keys = new SessionKeys(`sessions${++prefixes}`), ...settings } = some;
  const all = { ttl: 60_000, absoluteTtl: Infinity, maxBytes: 65_536, ...settings };
  return { records: new RedisSessionRecords(connection, all, createSealer(sealing), keys), keys };
}

/** A record of fields alone. */
export function newRecord(fields: SessionFields, more: Partial<NewRecord> = {}): NewRecord {
  return { draft: { fields, maxAge: undefined }, userKey: undefined, ...more };
}

/** Reads a session that must be there. */
export async function readLive(records: RedisSessionRecords, handle: string): Promise<SessionRecord> {
  const record = await records.read(handle);
  if (record === undefined || 'unreadable' in record)
    throw new Error('There is no session that can be read.');
  return record;
}

/** Writes fields alone, since a baseline. */
export function write(
  records: RedisSessionRecords,
  handle: string,
  fields: SessionFields,
  baseline: Baseline,
  nonce?: string,
): Promise<WriteOutcome> {
  const change = { draft: { fields, maxAge: baseline.maxAge }, userKey: baseline.userKey, lengthen: false };
  return records.update(handle, change, baseline, nonce);
}

/** Writes other values into the header of a stored session: version, created, seen, absolute end, user, own idle time, patches. */
export async function changeHeader(
  server: RedisServer,
  key: string,
  change: (header: readonly string[]) => readonly string[],
): Promise<void> {
  const header = String(await server.cli('HGET', key, 'h')).split(' ');
  await server.cli('HSET', key, 'h', change(header).join(' '));
}
