import { describe, expect, it, onTestFinished } from 'vitest';
import { platforms } from '../../e2e/http/response-app.js';
import { freePort, startRedis, type RedisServer } from '../../support/redis-server.js';
import { redisOfTest, runsOf, Script, Site } from './site.js';

const LIMIT = { timeout: 90_000 };

/** How Redis goes, and how it comes back. */
const OUTAGES = {
  'is killed': {
    begin: (redis: RedisServer) => redis.kill(),
    end: (redis: RedisServer) => redis.start(),
  },
  hangs: {
    begin: async (redis: RedisServer) => redis.pause(),
    end: async (redis: RedisServer) => redis.resume(),
  },
};

const places = platforms.flatMap((platform) => [
  [platform, 'Redis', false] as const,
  [platform, 'memory in front of Redis', true] as const,
]);

describe.each(places)('responses on %s, in %s', (platform, _place, tiered) => {
  async function open() {
    const redis = await redisOfTest();
    const script = new Script();
    const site = await Site.open({ platform, script, redis: redis.url, tiered });
    await site.caches('/pages/before');
    return { redis, script, site };
  }

  it('are made by handlers while Redis is not there at the start, and stored once it is', LIMIT, async () => {
    const port = await freePort();
    const script = new Script();
    const site = await Site.open({
      platform,
      script,
      redis: `redis://127.0.0.1:${port}`,
      tiered,
      connection: { connect: 'background' },
    });
    for (const path of ['/pages/1', '/pages/1', '/pages/2']) await site.pages(path, 6);
    await site.change('/pages/1');
    const redis = await startRedis({ port });
    onTestFinished(() => redis.kill());
    expect((await site.caches('/pages/1')).version).toBe(2);
  });

  describe.each(Object.entries(OUTAGES))('while Redis %s', (_name, { begin, end }) => {
    it('are looked up, and answered by handlers', LIMIT, async () => {
      const { redis, site } = await open();
      await begin(redis);
      await site.pages('/pages/before', 20);
      await site.pages('/pages/new', 20);
      await end(redis);
      await site.caches('/pages/before');
      await site.caches('/pages/new');
    });

    it('are being made: all who wait are answered', LIMIT, async () => {
      const { redis, script, site } = await open();
      const before = script.runs.length;
      const release = script.hold();
      const answered = await site.receives(20, () => site.pages('/pages/slow', 20));
      await script.began(before + 1);
      await begin(redis);
      release();
      const pages = await answered();
      // Each of the two makes it for those who came before it asked, and for those who came later, and not for each of them.
      expect(runsOf(pages).length).toBeLessThan(10);
      await site.drain();
      await end(redis);
      await site.caches('/pages/slow');
    });

    it('are invalidated: the write is answered, and who has written sees it at once', LIMIT, async () => {
      const { redis, site } = await open();
      await site.caches('/pages/1');
      await begin(redis);
      await site.change('/pages/1');
      expect((await site.page('/pages/1')).version).toBe(2);
      await end(redis);
      expect((await site.page('/pages/1')).version).toBe(2);
      await site.caches('/pages/1').then(({ version }) => expect(version).toBe(2));
    });
  });

  it(
    'that are looked up while Redis hangs are whole once it goes on in the middle of that',
    LIMIT,
    async () => {
      const { redis, script, site } = await open();
      redis.pause();
      const asked = site.pages('/pages/1', 20);
      await script.began(1);
      redis.resume();
      await asked;
      await site.caches('/pages/1');
    },
  );
});
