import { describe, expect, it, onTestFinished } from 'vitest';
import type { CacheOptions } from '../../src/cache/cache-options.js';
import { eventually } from '../support/eventually.js';
import { signal } from '../support/history/between.js';
import { ownNode, type OwnNode } from '../support/history/own-node.js';
import { Playground } from '../support/history/playground.js';

const playground = new Playground();

/** A node that loses Redis, and another one that does not. */
async function open(cache: CacheOptions = {}): Promise<[victim: OwnNode, writer: OwnNode]> {
  const { redis, proxy } = playground;
  const keyPrefix = playground.keyPrefix();
  const connection = { deadline: 5_000 };
  const own = { keyPrefix, connection, cache: { ...cache, timeout: {} } };
  const victim = await ownNode({ ...own, name: 'victim', url: proxy.url });
  const writer = await ownNode({ ...own, name: 'writer', url: redis.url });
  onTestFinished(async () => {
    await victim.close();
    await writer.close();
  });
  return [victim, writer];
}

async function until(victim: OwnNode, available: boolean): Promise<void> {
  await eventually(() => expect(victim.connection.available).toBe(available));
}

/** Begins a load that goes on until it is told to end. */
async function beginLoad({ named }: OwnNode, tags: readonly string[] = []) {
  const begun = signal();
  const end = signal();
  const done = named.getOrSet('key', async (context) => {
    begun.give();
    await end.given;
    context.tags(...tags);
    return 'old';
  });
  await begun.given;
  return { done, end: end.give };
}

const loadsOfMany: Record<string, (node: OwnNode) => Promise<unknown>> = {
  getOrSet: ({ named }) => named.getOrSet('key', () => 'new'),
  getOrSetMany: async ({ named }) => {
    const load = async (): Promise<Map<string, string>> => new Map([['key', 'new']]);
    return (await named.getOrSetMany(['key'], load)).get('key');
  },
};

describe.each(Object.entries(loadsOfMany))(
  'a load without a lease, and %s after an invalidation',
  (_, ask) => {
    it('that began while Redis was away, and Redis is back', async () => {
      const [victim, writer] = await open();
      const allow = playground.proxy.refuse();
      await until(victim, false);
      const load = await beginLoad(victim);
      allow();
      await until(victim, true);
      expect(await writer.named.del('key')).toBe(true);
      const answer = ask(victim);
      // Whoever waits for the load is let go; who does not has had the time to ask for itself.
      await victim.named.get('other');
      load.end();
      expect(await answer).toBe('new');
      expect(await load.done).toBe('old');
    });

    it('that began while others had to pause after a failure', async () => {
      const [victim, writer] = await open({ stale: { error: 60_000 } });
      await writer.named.set('key', 'stale', { tags: ['tag'] });
      await writer.named.expire('key');
      expect(await writer.named.getOrSet('key', () => Promise.reject(new Error('no')))).toBe('stale');
      await writer.named.invalidateTags('tag');
      const load = await beginLoad(victim);
      expect(await writer.named.del('key')).toBe(true);
      const answer = ask(victim);
      await victim.named.get('other');
      load.end();
      expect(await answer).toBe('new');
      expect(await load.done).toBe('old');
    });

    it('that began while Redis is away, under a tag that only the loader names', async () => {
      const [victim] = await open();
      const allow = playground.proxy.refuse();
      onTestFinished(allow);
      await until(victim, false);
      const load = await beginLoad(victim, ['tag']);
      await victim.named.invalidateTags('tag');
      const answer = ask(victim);
      await victim.named.get('other');
      load.end();
      expect(await answer).toBe('new');
      expect(await load.done).toBe('old');
    });
  },
);
