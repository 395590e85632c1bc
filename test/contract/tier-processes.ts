import { expect, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { ChangeChannel } from '../../src/connection/connection.js';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import { KeySpace } from '../../src/key/key-space.js';
import type { CoherentStore } from '../../src/store/coherent-store.js';
import { memoryTier, type MemoryTier } from '../../src/store/memory-tier.js';
import { eventually } from '../support/eventually.js';
import type { RedisServer } from '../support/redis-server.js';
import { plainCodec } from './contract-codec.js';
import { connectTo } from './redis-caches.js';
import { commandsOf } from './redis-commands.js';
import { storeOn } from './redis-stores.js';

let spaces = 0;

/** A space that no other test has. */
export function ownSpace(): KeySpace {
  return KeySpace.of({ keyPrefix: `tiered${++spaces}`, cache: 'c', version: undefined });
}

/** What one process has: a store with a memory in front, on a connection of its own. */
export interface TierProcess {
  readonly store: CoherentStore;
  readonly tier: MemoryTier;
  readonly channel: ChangeChannel;
  /** What it has heard of changes. */
  readonly heard: string[];
  /** The value that its memory gives of a key. */
  peek(key: string): unknown;
  /** The value that it reads of a key. */
  read(key: string): Promise<unknown>;
}

/** A store with a memory in front, on a connection. */
export function tieredStore(connection: ManagedConnection, space = ownSpace()): TierProcess {
  const heard: string[] = [];
  const tier = memoryTier({
    space,
    channel: connection.changes,
    clock: systemClock,
    bounds: { max: 1_000, maxBytes: 10_000_000 },
    ttl: null,
    codec: plainCodec,
    now: () => connection.now(),
    changed: (path, key) => void heard.push([...path, key].join('/')),
  });
  const { store } = storeOn(connection, { space, tier });
  return {
    store,
    tier,
    channel: connection.changes,
    heard,
    peek: (key) => store.peek(key)?.value,
    read: async (key) => (await store.read([key]))[0]?.value,
  };
}

/** Waits until the memory of a process may be used. */
export async function isTrusted({ channel }: Pick<TierProcess, 'channel'>): Promise<void> {
  await eventually(() => expect(channel.trusted).toBe(true), { timeout: 10_000 });
}

/** A process that ends with the test, as soon as its memory may be used. */
export async function tierProcess(url: string, space: KeySpace): Promise<TierProcess> {
  const { connection } = await connectTo(url);
  const process = tieredStore(connection, space);
  onTestFinished(async () => {
    process.tier.close();
    await connection.close();
  });
  await isTrusted(process);
  return process;
}

/** The commands on keys that `work` makes the server run. */
export async function keyCommandsOf(
  server: RedisServer,
  work: () => unknown,
): Promise<Record<string, number>> {
  const counts = Object.entries(await commandsOf(server, work));
  // What the channels send twice a second.
  return Object.fromEntries(counts.filter(([name]) => name !== 'role' && name !== 'time'));
}
