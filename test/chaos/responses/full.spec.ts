import { describe, expect, it } from 'vitest';
import { platforms } from '../../e2e/http/response-app.js';
import type { RedisServer } from '../../support/redis-server.js';
import { redisOfTest, runsOf, Script, Site } from './site.js';

const LIMIT = { timeout: 90_000 };

/** Leaves no room for one more byte. Nothing is evicted. */
const fill = (redis: RedisServer): Promise<unknown> => redis.cli('CONFIG', 'SET', 'maxmemory', '1');
const makeRoom = (redis: RedisServer): Promise<unknown> => redis.cli('CONFIG', 'SET', 'maxmemory', '0');

describe.each(platforms)('a full Redis under responses on %s', (platform) => {
  async function open() {
    const redis = await redisOfTest();
    const script = new Script();
    const site = await Site.open({ platform, script, redis: redis.url });
    return { redis, script, site };
  }

  it(
    'serves what it has; what it has not is made by handlers, and stored once there is room',
    LIMIT,
    async () => {
      const { redis, script, site } = await open();
      const stored = await site.caches('/pages/1');
      await fill(redis);
      expect(await site.pages('/pages/1', 4)).toEqual([stored, stored, stored, stored]);
      const runs = script.runs.length;
      await site.pages('/pages/2', 20);
      await site.drain();
      expect((await site.page('/pages/2')).run).toBeGreaterThan(runs);
      await makeRoom(redis);
      await site.caches('/pages/2');
    },
  );

  it(
    'does not take one that was being made when it became full: all who wait are answered',
    LIMIT,
    async () => {
      const { redis, script, site } = await open();
      const release = script.hold();
      const answered = await site.receives(20, () => site.pages('/pages/1', 20));
      await script.began(1);
      await fill(redis);
      release();
      expect(runsOf(await answered()).length).toBeLessThan(10);
      await site.drain();
      await makeRoom(redis);
      await site.caches('/pages/1');
    },
  );

  it('serves nothing that was invalidated', LIMIT, async () => {
    const { redis, site } = await open();
    await site.caches('/pages/1');
    await fill(redis);
    await site.change('/pages/1');
    expect((await site.page('/pages/1')).version).toBe(2);
    expect((await site.page('/pages/1', 1)).version).toBe(2);
    await makeRoom(redis);
    expect((await site.caches('/pages/1')).version).toBe(2);
  });
});
