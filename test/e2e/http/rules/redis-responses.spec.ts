import { Controller, Delete, Get, Param, Query, type INestApplication } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CacheEvict } from '../../../../src/decorator/cache-evict.decorator.js';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { eventually } from '../../../support/eventually.js';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { comparable, send } from '../http-client.js';
import { startWholeApp } from '../redis-app.js';
import { platforms } from '../response-app.js';

let runs = 0;
/** Called by the slow route when it has read, and keeps it waiting. */
let pause = async (): Promise<void> => {};

@Controller('cities')
class CityController {
  @Get()
  @Cacheable({ ttl: '1m' })
  async list(@Query('q') q?: string) {
    return { run: (runs += 1), q: q ?? null };
  }

  @Get('slow')
  @Cacheable()
  async slow() {
    const run = (runs += 1);
    await pause();
    return { run };
  }

  @Get(':id')
  @Cacheable({ unless: (city: { id: string }) => city.id === 'draft' })
  async one(@Param('id') id: string) {
    return { run: (runs += 1), id };
  }

  @Delete()
  @CacheEvict({ all: true })
  async clear() {
    return {};
  }
}

describe('rule 17: responses in Redis, and without it', () => {
  describe.each(platforms)('%s', (platform) => {
    let redis: RedisServer;
    let app: INestApplication;
    let url: string;
    let drain: () => Promise<void>;

    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    beforeEach(async () => {
      runs = 0;
      const connection = { url: redis.url, deadline: 500 };
      const started = await startWholeApp(platform, { connection, keyPrefix: platform }, [CityController]);
      app = started.app;
      url = started.url;
      drain = () => started.storage.drain();
      await send(url, '/cities', { method: 'DELETE' });
    });
    afterEach(() => app.close());

    it('a second request is answered from Redis, and by another process as well', async () => {
      await eventually(async () => {
        const first = await send(url, '/cities?q=ä');
        await drain();
        const second = await send(url, '/cities?q=ä');
        expect(second.text).toBe(first.text);
        expect(comparable(second)).toEqual(comparable(first));
      });
      const before = runs;
      const other = await startWholeApp(platform, { connection: redis.url, keyPrefix: platform }, [
        CityController,
      ]);
      try {
        await eventually(async () => {
          runs = before;
          await send(other.url, '/cities?q=ä');
          expect(runs).toBe(before);
        });
      } finally {
        await other.app.close();
      }
    });

    it('unless() keeps a response out, and eviction drops the responses of a cache', async () => {
      const texts: string[] = [];
      for (const path of ['/cities/draft', '/cities/draft', '/cities/1', '/cities/1']) {
        texts.push((await send(url, path)).text);
        await drain();
      }
      expect(texts).toEqual([
        '{"run":1,"id":"draft"}',
        '{"run":2,"id":"draft"}',
        '{"run":3,"id":"1"}',
        '{"run":3,"id":"1"}',
      ]);
      await send(url, '/cities', { method: 'DELETE' });
      expect((await send(url, '/cities/1')).text).toBe('{"run":4,"id":"1"}');
    });

    it('what a handler read before an eviction is not stored after it', async () => {
      let read!: () => void;
      const hasRead = new Promise<void>((resolve) => (read = resolve));
      let goOn!: () => void;
      const waiting = new Promise<void>((resolve) => (goOn = resolve));
      pause = () => (read(), waiting);
      const slow = send(url, '/cities/slow');
      await hasRead;
      pause = async () => {};
      await send(url, '/cities', { method: 'DELETE' });
      goOn();
      expect((await slow).text).toBe('{"run":1}');
      await drain();
      expect((await send(url, '/cities/slow')).text).toBe('{"run":2}');
      await drain();
      expect((await send(url, '/cities/slow')).text).toBe('{"run":2}');
    });

    it('what is stored is drained when the application closes', async () => {
      await send(url, '/cities?q=last');
      await app.close();
      const other = await startWholeApp(platform, { connection: redis.url, keyPrefix: platform }, [
        CityController,
      ]);
      try {
        await eventually(async () => {
          runs = 1;
          await send(other.url, '/cities?q=last');
          expect(runs).toBe(1);
        });
      } finally {
        await other.app.close();
      }
    });

    it('bytes in Redis that are no response are a miss', async () => {
      await send(url, '/cities?q=x');
      await drain();
      const keys = (await redis.cli('KEYS', `${platform}:*r:*`)) as string[];
      expect(keys).not.toEqual([]);
      for (const key of keys) await redis.cli('SET', key, 'not a response');
      expect((await send(url, '/cities?q=x')).text).toBe('{"run":2,"q":"x"}');
    });

    it('a Redis that hangs, dies and comes back never shows in a response', async () => {
      await send(url, '/cities');
      await drain();
      redis.pause();
      const hung = await Promise.all(Array.from({ length: 20 }, () => send(url, '/cities')));
      expect(hung.map(({ status }) => status)).toEqual(hung.map(() => 200));
      redis.resume();
      await redis.kill();
      for (let request = 0; request < 5; request += 1) {
        expect((await send(url, '/cities')).status).toBe(200);
      }
      await redis.restart();
      await eventually(async () => {
        const first = await send(url, '/cities?q=again');
        await drain();
        const second = await send(url, '/cities?q=again');
        expect([first.status, second.text]).toEqual([200, first.text]);
      });
    });
  });
});
