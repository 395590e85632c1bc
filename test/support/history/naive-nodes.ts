import { createClient } from 'redis';
import type { HistoryNode } from './node.js';
import type { Reading } from './record.js';

/** How long the naive caches keep what they have: milliseconds. */
const TTL = 3_000;

interface NaiveOptions {
  readonly name: string;
  readonly url: string;
  readonly keyPrefix: string;
}

/** What everybody writes first: GET, else load and SET; DEL after a change. */
export async function naiveNode({ name, url, keyPrefix }: NaiveOptions): Promise<HistoryNode> {
  const client = await connected(url);
  const at = (key: string): string => `${keyPrefix}:${key}`;
  const get = async (key: string): Promise<Reading | undefined> => parsed(await client.get(at(key)));
  const set = (key: string, value: Reading): Promise<unknown> =>
    client.set(at(key), JSON.stringify(value), { expiration: { type: 'PX', value: TTL } });
  return {
    name,
    remembers: false,
    servesStale: false,
    cache: {
      get,
      set: (key, value) => done(set(key, value)),
      async getOrSet(key, load) {
        const found = await get(key);
        if (found !== undefined) return found;
        const value = await load({ tags: () => undefined, ttl: () => undefined });
        await set(key, value);
        return value;
      },
      del: (key) => done(client.del(at(key))),
    },
    close: () => client.close(),
  };
}

/** The same with a memory in front, whose entries are dropped by a message that is published after each change. */
export async function publishingNode(options: NaiveOptions): Promise<HistoryNode> {
  const behind = await naiveNode(options);
  const { cache } = behind;
  const client = await connected(options.url);
  const hearer = await connected(options.url);
  const memory = new Map<string, Reading>();
  const topic = `${options.keyPrefix}:changes`;
  await hearer.subscribe(topic, (key) => void memory.delete(key));
  const remembered = async (key: string, read: Promise<unknown>): Promise<Reading | undefined> => {
    const value = (await read) as Reading | undefined;
    if (value !== undefined) memory.set(key, value);
    return value;
  };
  const changed = (key: string): Promise<boolean> => {
    memory.delete(key);
    return done(client.publish(topic, key));
  };
  return {
    ...behind,
    remembers: true,
    cache: {
      get: async (key) => memory.get(key) ?? remembered(key, cache.get(key)),
      peek: (key) => memory.get(key),
      getOrSet: async (key, load) => memory.get(key) ?? remembered(key, cache.getOrSet(key, load)),
      del: async (key) => (await cache.del(key)) && changed(key),
      set: async (key, value) => (await cache.set?.(key, value)) === true && changed(key),
    },
    async close() {
      hearer.destroy();
      await client.close();
      await behind.close();
    },
  };
}

async function done(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch {
    return false;
  }
}

async function connected(url: string): Promise<ReturnType<typeof createClient>> {
  const client = createClient({ url });
  client.on('error', () => undefined);
  await client.connect();
  return client as ReturnType<typeof createClient>;
}

function parsed(text: string | null): Reading | undefined {
  return text === null ? undefined : (JSON.parse(text) as Reading);
}
