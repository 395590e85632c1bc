import { subscribe } from 'node:diagnostics_channel';
import { NestFactory } from '@nestjs/core';
import { createKeyv } from '@keyv/redis';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { Cacheable } from 'cacheable';
import { Redis } from 'ioredis';
import { CacheRegistry, RedisCacheModule } from 'nestjs-redis-cache';
import { createClient } from 'redis';
import { ownVersion, packageVersion } from '../harness/environment.mjs';

/** @typedef {import('../../test/support/history/node.js').HistoryNode} HistoryNode */
/** @typedef {import('../../test/support/history/node.js').HistoryCache} HistoryCache */

/** @typedef {Extract<import('cacheable').CacheableSyncOptions['qified'], { publish: unknown, subscriptions: unknown }>} MessageProvider */

/**
 * What makes the nodes of one contender: each stands for a process of its own, with connections and a memory of its own. All
 * offer the same four operations.
 *
 * @typedef {{ title: string, open: (name: string, url: string) => Promise<HistoryNode> }} NodeMaker
 */

/** How long everything lives, in milliseconds. */
const TTL = 3_000;
/** What loaders may say is not heard: not everybody can heed it. */
const UNHEARD = { tags: () => undefined, ttl: () => undefined };

/** What ours could not do, in all nodes. */
let failures = 0;
subscribe('nestjs-redis-cache:event', (event) => {
  if (/** @type {import('nestjs-redis-cache').CacheEvent} */ (event).type === 'error') failures += 1;
});

/** @type {(memory: boolean) => NodeMaker} */
export const ours = (memory) => ({
  title: `nestjs-redis-cache ${ownVersion()}${memory ? ' with memory' : ''}`,
  async open(name, url) {
    const caches = { history: { ttl: TTL, memory: memory ? {} : /** @type {const} */ (false) } };
    const connection = { url, connect: /** @type {const} */ ('required') };
    const module = RedisCacheModule.forRoot({ connection, caches, ttl: TTL });
    const app = await NestFactory.createApplicationContext(module, { logger: false });
    const cache = app.get(CacheRegistry).get('history');
    return nodeOf(name, memory, {
      get: (key) => cache.get(key),
      getOrSet: (key, load) => cache.getOrSet(key, () => load(UNHEARD)),
      async set(key, value) {
        // While Redis is out of reach `set` gives its value back all the same: an event tells that it was not stored.
        const before = failures;
        await cache.set(key, value);
        return failures === before;
      },
      del: (key) => cache.del(key),
      close: () => app.close(),
    });
  },
});

/**
 * bentocache: memory, Redis and its bus, as its documentation sets it up.
 *
 * @type {NodeMaker}
 */
export const bentocache = {
  title: `bentocache ${packageVersion('bentocache')} (L1 + L2 + bus)`,
  async open(name, url) {
    const connection = new Redis(url);
    connection.on('error', () => undefined);
    const store = bentostore()
      .useL1Layer(memoryDriver())
      .useL2Layer(redisDriver({ connection }))
      .useBus(redisBusDriver({ connection: { port: Number(new URL(url).port) } }));
    const cache = new BentoCache({ default: 'history', stores: { history: store }, ttl: TTL });
    return nodeOf(name, true, {
      get: (key) => cache.get({ key }),
      getOrSet: (key, load) => cache.getOrSet({ key, factory: () => load(UNHEARD) }),
      set: (key, value) => cache.set({ key, value }),
      del: async (key) => (await cache.delete({ key }), true),
      close: () => cache.disconnectAll(),
    });
  },
};

/**
 * cacheable: memory, Redis and its sync. Its provider for Redis, `@qified/redis`, is no part of the installation: this one
 * publishes and subscribes as that one does.
 *
 * @type {NodeMaker}
 */
export const cacheable = {
  title: `cacheable ${packageVersion('cacheable')} (primary + @keyv/redis + sync)`,
  async open(name, url) {
    const provider = await publishAndSubscribe(url);
    const secondary = createKeyv(url);
    secondary.on('error', () => undefined);
    const cache = new Cacheable({ secondary, ttl: TTL, sync: { qified: provider } });
    cache.on('error', () => undefined);
    return nodeOf(name, true, {
      get: (key) => cache.get(key),
      getOrSet: (key, load) => cache.getOrSet(key, () => load(UNHEARD)),
      set: (key, value) => cache.set(key, value),
      del: async (key) => (await cache.delete(key), true),
      async close() {
        await cache.disconnect();
        await provider.disconnect();
      },
    });
  },
};

/**
 * @param {string} url
 * @returns {Promise<MessageProvider>}
 */
async function publishAndSubscribe(url) {
  const [publisher, subscriber] = [createClient({ url }), createClient({ url })];
  for (const client of [publisher, subscriber]) {
    client.on('error', () => undefined);
    await client.connect();
  }
  /** @type {MessageProvider['subscriptions']} */
  const subscriptions = new Map();
  return {
    id: 'redis',
    subscriptions,
    async publish(topic, message) {
      await publisher.publish(topic, JSON.stringify(message));
    },
    async subscribe(topic, handler) {
      subscriptions.set(topic, [...(subscriptions.get(topic) ?? []), handler]);
      await subscriber.subscribe(topic, (text) => void handler.handler(JSON.parse(text)));
    },
    async unsubscribe(topic) {
      subscriptions.delete(topic);
      await subscriber.unsubscribe(topic);
    },
    async disconnect() {
      publisher.destroy();
      subscriber.destroy();
    },
  };
}

/**
 * @param {string} name
 * @param {boolean} remembers
 * @param {HistoryCache & { close(): Promise<unknown> }} cache
 * @returns {HistoryNode}
 */
function nodeOf(name, remembers, { close, ...cache }) {
  const told = async (/** @type {Promise<boolean> | undefined} */ answer) => {
    try {
      return (await answer) === true;
    } catch {
      return false;
    }
  };
  return {
    name,
    remembers,
    servesStale: false,
    cache: {
      ...cache,
      set: (key, value) => told(cache.set?.(key, value)),
      del: (key) => told(cache.del(key)),
    },
    close: async () => void (await close()),
  };
}
