import { Controller, Get, Logger, StreamableFile } from '@nestjs/common';
import { once } from 'node:events';
import { request } from 'node:http';
import { Observable } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { NamedCache } from '../../../../src/cache/named-cache.js';
import { systemClock, type Clock } from '../../../../src/clock.js';
import { RedisUnavailableError } from '../../../../src/errors.js';
import { FakeClock } from '../../../../src/testing/fake-clock.js';
import { FaultyStore } from '../../../../src/testing/faulty-store.js';
import { eventually } from '../../../support/eventually.js';
import { send } from '../http-client.js';
import { testCache, testStore } from '../memory-cache.js';
import { Cached, platforms, startApp, type ResponseApp } from '../response-app.js';
import { cachedRoutes, counter, type Route } from '../routes.js';

/** A cache in memory whose store fails as a test says. */
function faulty(): { readonly cache: NamedCache; readonly store: FaultyStore } {
  const store = new FaultyStore(testStore());
  return { store, cache: testCache('default', 300_000, store) };
}

describe('rule 17: no failure of a cache reaches a client', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ResponseApp | undefined;
    afterEach(async () => {
      await app?.close();
      vi.restoreAllMocks();
    });

    async function start(
      routes: Record<string, Route>,
      cache: NamedCache,
      clock: Clock = systemClock,
    ): Promise<ResponseApp> {
      const controllers = [cachedRoutes('', routes)];
      app = await startApp({ platform, controllers, caches: { default: cache }, clock });
      return app;
    }

    it('whatever it does is not seen by the client, and is not told where Redis is out of reach', async () => {
      const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
      const { cache, store } = faulty();
      const { url, storage } = await start({ page: counter() }, cache);
      store.fail(new RedisUnavailableError('default', 'down'));
      expect((await send(url, '/page')).text).toBe('{"run":1}');
      await storage.drain();
      expect((await send(url, '/page')).text).toBe('{"run":2}');
      store.heal();
      expect((await send(url, '/page')).text).toBe('{"run":3}');
      await storage.drain();
      expect((await send(url, '/page')).text).toBe('{"run":3}');
      expect(warn).not.toHaveBeenCalled();
    });

    it.each(['read', 'acquire', 'fill', 'release'] as const)(
      'on %s alone, answers all the same',
      async (method) => {
        vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
        const { cache, store } = faulty();
        const { url, storage } = await start({ page: counter() }, cache);
        store.fail(new Error('broken'), method);
        for (let count = 0; count < 3; count++) {
          expect((await send(url, '/page')).status).toBe(200);
          await storage.drain();
        }
      },
    );

    it('in a way that nobody expected is told once', async () => {
      const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
      const { cache, store } = faulty();
      const { url, storage } = await start({ page: counter() }, cache);
      store.fail(new TypeError('broken'));
      for (const expected of ['{"run":1}', '{"run":2}', '{"run":3}']) {
        expect((await send(url, '/page')).text).toBe(expected);
        await storage.drain();
      }
      expect(
        warn.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('response')),
      ).toHaveLength(1);
    });

    it('to answer a fill does not keep the client waiting, and is waited for at shutdown', async () => {
      const { cache, store } = faulty();
      const { url, storage } = await start({ page: counter() }, cache);
      const finish = store.hold('fill');
      expect((await send(url, '/page')).text).toBe('{"run":1}');
      let drained = false;
      const draining = storage.drain().then(() => (drained = true));
      expect((await send(url, '/page?other')).text).toBe('{"run":2}');
      expect(drained).toBe(false);
      finish();
      await draining;
      expect(drained).toBe(true);
    });

    it.each([
      ['other bytes', Buffer.from('no response')],
      ['a value of something else', { status: 200 }],
      ['half a response', Buffer.from([0x52, 0x03, 0, 200])],
    ])('by giving %s is a miss, and a response takes its place', async (_name, found) => {
      const { cache, store } = faulty();
      const reading = vi
        .spyOn(FaultyStore.prototype, 'read')
        .mockImplementation(async (keys) => keys.map(() => ({ value: found, createdAt: 0 })));
      const { url, storage } = await start({ page: counter() }, cache);
      expect((await send(url, '/page')).text).toBe('{"run":1}');
      await storage.drain();
      expect(store.calls('fill')).toBe(1);
      reading.mockRestore();
      expect((await send(url, '/page')).text).toBe('{"run":1}');
    });

    it('what a handler streams leaves nothing that waits', async () => {
      const clock = new FakeClock();
      const { url } = await start(
        { page: () => new StreamableFile(Buffer.from('text')) },
        faulty().cache,
        clock,
      );
      expect((await send(url, '/page')).text).toBe('text');
      expect(clock.pending).toBe(0);
    });

    it('that a handler never ends keeps no later response out', async () => {
      const clock = new FakeClock();
      let entered: () => void = () => {};
      const running = new Promise<void>((resolve) => (entered = resolve));
      const runs = counter();
      let hangs = true;
      const page: Route = async () => {
        if (!hangs) return runs();
        entered();
        return new Promise(() => {});
      };
      const { url, storage } = await start({ page }, faulty().cache, clock);
      const hanging = fetch(`${url}/page`).catch(() => undefined);
      await running;
      hangs = false;
      clock.advance(300_000);
      expect((await send(url, '/page')).text).toBe('{"run":1}');
      await storage.drain();
      expect((await send(url, '/page')).text).toBe('{"run":1}');
      await app?.close();
      await hanging;
    });
  });
});

describe('rule 6: clients that leave, and that are slow', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ResponseApp | undefined;
    afterEach(() => app?.close());

    it('a response whose client left before it was ready is stored whole', async () => {
      let enter: () => void = () => {};
      let leave: () => void = () => {};
      const entered = new Promise<void>((resolve) => (enter = resolve));
      const left = new Promise<void>((resolve) => (leave = resolve));
      const run = counter();
      const slow: Route = async () => {
        enter();
        await left;
        return { ...run(), text: 'x'.repeat(100_000) };
      };
      app = await startApp({ platform, controllers: [cachedRoutes('', { slow })] });
      const sent = request(`${app.url}/slow`);
      sent.on('error', () => {});
      sent.end();
      await entered;
      sent.destroy();
      await eventually(async () => {
        const open = await new Promise<number>((resolve) =>
          app?.app.getHttpServer().getConnections((_e: unknown, n: number) => resolve(n)),
        );
        expect(open).toBe(0);
      });
      leave();
      await eventually(async () => {
        await app?.storage.drain();
        const keys: string[] = [];
        for await (const key of (app as ResponseApp).cache.namespace('http-responses').keys()) keys.push(key);
        expect(keys).toHaveLength(1);
      });
      const hit = await send(app.url, '/slow');
      expect(hit.text).toBe(JSON.stringify({ run: 1, text: 'x'.repeat(100_000) }));
    });

    it('an observable whose client left is not stored', async () => {
      let subscribed = 0;
      let ended = 0;
      @Controller()
      class EndlessController {
        @Get('endless')
        @Cached()
        endless() {
          return new Observable((subscriber) => {
            subscribed += 1;
            subscriber.next('partial');
            return () => (ended += 1);
          });
        }
      }
      app = await startApp({ platform, controllers: [EndlessController] });
      const sent = request(`${app.url}/endless`);
      sent.on('error', () => {});
      sent.end();
      await eventually(() => expect(subscribed).toBe(1));
      sent.destroy();
      await eventually(() => expect(ended).toBe(1));
      await app.storage.drain();
      const keys: string[] = [];
      for await (const key of app.cache.namespace('http-responses').keys()) keys.push(key);
      expect(keys).toEqual([]);
    });

    it('a client that does not read holds nobody up: the response is stored all the same', async () => {
      const text = 'y'.repeat(900_000);
      const run = counter();
      app = await startApp({
        platform,
        controllers: [cachedRoutes('', { big: () => `${run().run}${text}` })],
      });
      const sent = request(`${app.url}/big`);
      sent.end();
      const [reply] = await once(sent, 'response');
      await app.storage.drain();
      expect((await send(app.url, '/big')).text).toBe(`1${text}`);
      reply.destroy();
    });
  });
});
