import { NotFoundException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { platforms, type Platform } from '../response-app.js';
import { attackedRoutes, startAttackedApp, type Attacked } from './attacked-app.js';

const IDS = 100;
const HOUR = 3_600_000;

/** Nobody has such a product. */
const missing: Attacked = {
  path: 'missing/:id',
  handle: () => {
    throw new NotFoundException();
  },
  options: { tags: ['missing:{id}'] },
};

/** Greets every client by a cookie, and so is not cached. */
const greeting: Attacked = {
  path: 'greeting/:id',
  handle: (_request, response) => {
    response.header('Set-Cookie', 'seen=1');
    return 'Welcome';
  },
  options: { tags: ['greeting:{id}'] },
};

/** Takes any id, and its responses are cached for a moment. */
const cached: Attacked = {
  path: 'cached/:id',
  handle: ({ params }) => ({ ...params }),
  options: { ttl: '10s', tags: ['cached:{id}'] },
};

describe.each(platforms)('made-up ids on %s', (platform: Platform) => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it.each([missing, greeting, cached])(
    'leave in Redis what is gone soon: tags of paths that nobody asks for again, at $path',
    async (route) => {
      const keyPrefix = randomUUID();
      const controllers = [attackedRoutes(route)];
      const app = await startAttackedApp({ platform, controllers, redis: redis.url, keyPrefix });
      try {
        const made = Array.from({ length: IDS }, (_, at) => `made-up-${at}`);
        for (const id of made) await app.visit(`/${route.path.replace(':id', id)}`);
        const keys = (await redis.cli('KEYS', `${keyPrefix}:*`)) as string[];
        const lasting = ['#seq', '#gen', '#gen/http-responses'];
        const short = keys.filter((key) => !lasting.some((end) => key.endsWith(end)));
        const lives = await Promise.all(short.map((key) => redis.cli('PTTL', key)));
        expect(short.filter((key) => key.includes('made-up')).length).toBeGreaterThanOrEqual(IDS);
        expect(keys.length - short.length).toBeLessThanOrEqual(lasting.length);
        expect(Math.min(...lives.map(Number))).toBeGreaterThan(0);
        expect(Math.max(...lives.map(Number))).toBeLessThanOrEqual(HOUR);
      } finally {
        await app.close();
      }
    },
  );
});
