import { describe, expect, it } from 'vitest';
import { platforms } from '../../e2e/http/response-app.js';
import type { RedisServer } from '../../support/redis-server.js';
import { PATIENCE, redisOfTest, runsOf, Script, Site } from './site.js';
import { eventually } from '../../support/eventually.js';

const LIMIT = { timeout: 90_000 };

/** A Redis that has on disk whatever it has acknowledged. */
const DURABLE = { config: { appendonly: 'yes', appendfsync: 'always' } };

async function crash(redis: RedisServer): Promise<void> {
  await redis.kill();
  await redis.start();
}

describe.each(platforms)('a Redis that restarts under responses on %s', (platform) => {
  async function open(durable: boolean) {
    const redis = await redisOfTest(durable ? DURABLE : {});
    const script = new Script();
    const site = await Site.open({ platform, script, redis: redis.url });
    return { redis, script, site };
  }

  it.each([
    ['empty', false],
    ['with what it had on disk', true],
  ])(
    '%s, while one is being made: all who wait have it, and it is stored again',
    LIMIT,
    async (_n, durable) => {
      const { redis, script, site } = await open(durable);
      const release = script.hold();
      const answered = await site.receives(20, () => site.pages('/pages/1', 20));
      await script.began(1);
      await crash(redis);
      release();
      expect(runsOf(await answered()).length).toBeLessThan(10);
      await site.drain();
      await site.caches('/pages/1');
    },
  );

  it('with what it had on disk serves what it has served before', LIMIT, async () => {
    const { redis, site } = await open(true);
    const stored = await site.caches('/pages/1');
    await crash(redis);
    // Until the connections are up again their handlers answer, and store nothing in its place.
    await eventually(async () => {
      expect([await site.page('/pages/1'), await site.page('/pages/1', 1)]).toEqual([stored, stored]);
    }, PATIENCE);
  });

  it(
    'with what it had on disk serves nothing that was invalidated before, or while it was down',
    LIMIT,
    async () => {
      const { redis, site } = await open(true);
      await site.caches('/pages/1');
      await site.caches('/pages/2');
      await site.change('/pages/1');
      await redis.kill();
      await site.change('/pages/2');
      await redis.start();
      for (let ask = 0; ask < 10; ask += 1) {
        expect((await site.page('/pages/1')).version).toBeGreaterThanOrEqual(2);
        expect((await site.page('/pages/1', 1)).version).toBeGreaterThanOrEqual(2);
        expect((await site.page('/pages/2')).version).toBe(3);
      }
      for (const path of ['/pages/1', '/pages/2']) {
        // The other application may only know once this one has told Redis.
        await eventually(async () => expect((await site.caches(path)).version).toBe(3), PATIENCE);
      }
    },
  );

  it('and forgets its scripts while one is made loses none of it', LIMIT, async () => {
    const { redis, script, site } = await open(false);
    const release = script.hold();
    const answered = await site.receives(20, () => site.pages('/pages/1', 20));
    await script.began(1);
    await redis.cli('SCRIPT', 'FLUSH');
    release();
    await answered();
    await site.drain();
    await site.pages('/pages/1', 4);
    expect(script.runs).toHaveLength(1);
    await redis.cli('SCRIPT', 'FLUSH');
    await site.change('/pages/1');
    expect((await site.page('/pages/1', 1)).version).toBe(2);
  });

  it(
    'and loses all of its data while one is made stores it no more, and the next one again',
    LIMIT,
    async () => {
      const { redis, script, site } = await open(false);
      const release = script.hold();
      const answered = await site.receives(20, () => site.pages('/pages/1', 20));
      await script.began(1);
      await redis.cli('FLUSHALL');
      release();
      await answered();
      await site.drain();
      await site.caches('/pages/1');
    },
  );
});
