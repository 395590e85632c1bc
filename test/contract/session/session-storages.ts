import type { Clock } from '../../../src/clock.js';
import type { RedisConnection } from '../../../src/connection/connection.js';
import {
  redisSessionStorage,
  type ManagedSessionStorage,
} from '../../../src/session/storage/redis-session-storage.js';
import {
  resolveSessionStorage,
  type ResolvedSessionStorage,
} from '../../../src/session/storage/resolve-storage-options.js';
import { SessionKeys } from '../../../src/session/storage/session-keys.js';
import type { SessionEvent } from '../../../src/session/storage/session-event.js';
import type { SessionStorageOptions } from '../../../src/session/session-options.js';
import { newSessionId } from '../../../src/session/record/session-ids.js';
import type { SessionRecord } from '../../../src/session/record/session-record.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

/** A storage of a test, with what it told. */
export interface TestStorage {
  readonly storage: ManagedSessionStorage;
  readonly events: SessionEvent[];
  readonly keys: SessionKeys;
  readonly settings: ResolvedSessionStorage;
}

let prefixes = 0;

/** A prefix that no other test of this process has. */
export function newPrefix(): string {
  return `sessions${++prefixes}`;
}

/** A storage as one process has it. Users are named by the field `user`. */
export function openStorage(
  connection: RedisConnection,
  options: SessionStorageOptions & { readonly clock?: Clock } = {},
): TestStorage {
  const { clock = new FakeClock(), ...given } = options;
  const raw = { prefix: newPrefix(), userId: userOf, ...given };
  if (isDual(given.migrate)) Reflect.deleteProperty(raw, 'userId');
  const settings = resolveSessionStorage(raw, 'session', { prefix: 'session', caches: undefined });
  const events: SessionEvent[] = [];
  const report = (event: SessionEvent): void => void events.push(event);
  const storage = redisSessionStorage({ connection, settings, clock, report });
  return { storage, events, keys: new SessionKeys(settings.prefix), settings };
}

function isDual(migrate: SessionStorageOptions['migrate']): boolean {
  return (typeof migrate === 'object' ? migrate.mode : migrate) === 'dual';
}

function userOf(fields: Readonly<Record<string, unknown>>): string | undefined {
  return fields['user'] as string | undefined;
}

/** Fields as a draft. */
export function draft(
  fields: Readonly<Record<string, unknown>> = {},
  maxAge?: number | null,
): { fields: Readonly<Record<string, unknown>>; maxAge: number | null | undefined } {
  return { fields, maxAge };
}

/** Stores a session and gives its id. */
export async function stored(
  { storage }: Pick<TestStorage, 'storage'>,
  fields: Readonly<Record<string, unknown>> = {},
  maxAge?: number,
): Promise<string> {
  const id = newSessionId();
  if ((await storage.create(id, draft(fields, maxAge))) === undefined) throw new Error('The id is taken.');
  return id;
}

/** The session of an id, which must live. */
export async function recordOf(
  { storage }: Pick<TestStorage, 'storage'>,
  id: string,
): Promise<SessionRecord> {
  const record = await storage.read(id);
  if (record === undefined) throw new Error('There is no such session.');
  return record;
}
