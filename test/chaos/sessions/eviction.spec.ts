import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { Browser, platforms } from '../../e2e/session/session-app.js';
import type { RedisServer } from '../../support/redis-server.js';
import { Ends, fieldsOf, LIMIT } from './site.js';

describe.each(platforms)('a Redis that may evict sessions, on %s', (platform) => {
  const ends = new Ends();
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await ends.redis({ config: { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' } });
  });
  afterAll(() => ends.run());

  it('is refused at the start', LIMIT, async () => {
    const start = ends.local({ platform, redis: redis.url, session: { prefix: 'refused' } });
    await expect(start).rejects.toThrow(InvalidOptionsError);
    await expect(start).rejects.toThrow(/allkeys-lru.*allowEviction/s);
  });

  it(
    'with allowEviction ends all sessions of a user, though it has evicted what says whose they are',
    LIMIT,
    async () => {
      const host = await ends.local({
        platform,
        redis: redis.url,
        session: { prefix: 'site', allowEviction: true },
      });
      const browsers = Array.from({ length: 4 }, () => new Browser(host.url));
      const [bob, ...adas] = browsers as [Browser, ...Browser[]];
      expect((await bob.get('/login/bob')).status).toBe(200);
      for (const ada of adas) expect((await ada.get('/login/ada')).status).toBe(200);
      const evicted: string[] = [];
      for (const of of ['user', 'all'])
        evicted.push(...((await redis.cli('KEYS', `site:${of}:*`)) as string[]));
      expect(evicted.length).toBeGreaterThan(2);
      await redis.cli('DEL', ...evicted);
      const { service } = host.server;
      expect(await service.list('ada')).toHaveLength(3);
      expect(await service.destroyAll('ada')).toBe(3);
      for (const ada of adas) expect(await fieldsOf(ada)).toEqual([]);
      expect(await fieldsOf(bob)).toEqual(['user']);
    },
  );
});
