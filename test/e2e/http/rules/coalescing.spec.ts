import { Controller, Get } from '@nestjs/common';
import { request } from 'node:http';
import { Observable } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { eventually } from '../../../support/eventually.js';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { send } from '../http-client.js';
import { startApp, type ResponseApp } from '../response-app.js';
import { cachedRoutes, type Route } from '../routes.js';
import { appsOn, platforms, type Handler } from './rule-app.js';

/** A handler that waits until the test lets it go on. */
class Held {
  runs = 0;
  readonly #waiting: (() => void)[] = [];
  readonly handle: Handler = async () => {
    const run = (this.runs += 1);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return { run };
  };

  /** Waits until so many runs have begun. */
  begun(count: number): Promise<void> {
    return eventually(() => expect(this.runs).toBe(count));
  }

  goOn(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

describe('rule 15: requests for the same response wait for one run', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    it('in this process and in others, for `wait` at the most', async () => {
      const held = new Held();
      const shared = {
        cacheable: { response: { wait: '100ms' } },
        redis: redis.url,
        keyPrefix: `${platform}-wait`,
      } as const;
      const apps = [await start(held.handle, shared), await start(held.handle, shared)];
      const first = send(apps[0]?.url ?? '', '/page');
      await held.begun(1);
      const others = apps.map(({ url }) => send(url, '/page'));
      // They have waited in vain, and run their own.
      await held.begun(3);
      held.goOn();
      const texts = await Promise.all([first, ...others].map(async (reply) => (await reply).text));
      expect(texts.toSorted()).toEqual(['{"run":1}', '{"run":2}', '{"run":3}']);
    });

    it('share a response that could not be stored, since Redis has gone meanwhile', async () => {
      const own = await startRedis();
      try {
        const held = new Held();
        const { url } = await start(held.handle, { redis: { url: own.url, deadline: 300 } });
        const asked = Array.from({ length: 5 }, () => send(url, '/page'));
        await held.begun(1);
        await own.kill();
        // Those who came too late to wait for the first have runs of their own.
        const letting = setInterval(() => held.goOn(), 10);
        const replies = await Promise.all(asked).finally(() => clearInterval(letting));
        expect(replies.map(({ status }) => status)).toEqual(asked.map(() => 200));
        expect(held.runs).toBeLessThan(5);
      } finally {
        await own.stop();
      }
    });

    it('are not given what was begun before an invalidation that came before them', async () => {
      const held = new Held();
      const { url, cache, drain } = await start(held.handle, { cacheable: { tags: ['all'] } });
      const first = send(url, '/page');
      await held.begun(1);
      await cache().invalidateTags('all');
      const late = send(url, '/page');
      await held.begun(2);
      held.goOn();
      expect([(await first).text, (await late).text]).toEqual(['{"run":1}', '{"run":2}']);
      await drain();
      expect((await send(url, '/page')).text).toBe('{"run":2}');
    });

    it('an observable whose client leaves: another request runs, and all are answered', async () => {
      let subscribed = 0;
      @Controller()
      class ObservableController {
        @Get('live')
        @Cacheable({ returns: 'observable' })
        live(): Observable<unknown> {
          return new Observable((subscriber) => {
            const run = (subscribed += 1);
            if (run === 1) return;
            subscriber.next({ live: true });
            subscriber.complete();
          });
        }
      }
      const { url } = await start({}, { controllers: [ObservableController] });
      const leaving = request(`${url}/live`, { agent: false });
      leaving.on('error', () => undefined);
      leaving.end();
      await eventually(() => expect(subscribed).toBe(1));
      const waiting = Array.from({ length: 5 }, () => send(url, '/live'));
      await send(url, '/nowhere');
      leaving.destroy();
      const texts = (await Promise.all(waiting)).map(({ text }) => text);
      expect(texts).toEqual(texts.map(() => '{"live":true}'));
    });
  });
});

describe('rule 15: a response that is for one client alone', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ResponseApp | undefined;
    afterEach(async () => {
      vi.restoreAllMocks();
      await app?.close();
    });

    it('keeps others from waiting, and from storing, for ten seconds; then one request tries again', async () => {
      // Chance picks some that try sooner.
      vi.spyOn(Math, 'random').mockReturnValue(0.999);
      let now = 1_000_000;
      let runs = 0;
      const clock = { now: () => now, monotonic: () => now, schedule: () => () => {}, afterInput: () => {} };
      const page: Route = (_request, response) => {
        runs += 1;
        if (runs === 1) response.header('Set-Cookie', 'visit=1');
        return { run: runs };
      };
      app = await startApp({ platform, clock, controllers: [cachedRoutes('', { page })] });
      const { url, storage } = app;
      const texts = async (count: number): Promise<string[]> => {
        const found: string[] = [];
        for (let at = 0; at < count; at++) {
          found.push((await send(url, '/page')).text);
          await storage.drain();
        }
        return found;
      };
      expect(await texts(3)).toEqual(['{"run":1}', '{"run":2}', '{"run":3}']);
      now += 9_000;
      expect(await texts(2)).toEqual(['{"run":4}', '{"run":5}']);
      now += 2_000;
      expect(await texts(3)).toEqual(['{"run":6}', '{"run":6}', '{"run":6}']);
    });
  });
});
