import { Controller, Get, Logger } from '@nestjs/common';
import { once } from 'node:events';
import { request } from 'node:http';
import { Observable } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { NamedCache } from '../../../src/cache/named-cache.js';
import { RedisUnavailableError } from '../../../src/errors.js';
import { eventually } from '../../support/eventually.js';
import { send } from './http-client.js';
import { testCache } from './memory-cache.js';
import { Cached, platforms, startApp, type ResponseApp } from './response-app.js';
import { cachedRoutes, counter, type Route } from './routes.js';

/** A cache whose responses are read and written as a test says. */
function cacheOf(parts: Partial<Pick<NamedCache, 'get' | 'set'>>): NamedCache {
  const cache = testCache('default', 300_000);
  const part = Object.assign(testCache('responses', 300_000), parts);
  return Object.assign(cache, { namespace: () => part });
}

describe.each(platforms)('a cache that fails, on %s', (platform) => {
  let app: ResponseApp | undefined;
  afterEach(async () => {
    await app?.close();
    vi.restoreAllMocks();
  });

  async function start(routes: Record<string, Route>, cache?: NamedCache): Promise<ResponseApp> {
    const caches = cache === undefined ? {} : { default: cache };
    app = await startApp({ platform, controllers: [cachedRoutes('', routes)], caches });
    return app;
  }

  it('on reading or on writing is not seen by the client', async () => {
    vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    const fail = async () => {
      throw new RedisUnavailableError('default', 'down');
    };
    const { url, storage } = await start({ page: counter() }, cacheOf({ get: fail, set: fail }));
    expect((await send(url, '/page')).text).toBe('{"run":1}');
    await storage.drain();
    expect((await send(url, '/page')).text).toBe('{"run":2}');
  });

  it('in a way that nobody expected is told once', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    const fail = () => {
      throw new Error('broken');
    };
    const { url, storage } = await start({ page: counter() }, cacheOf({ get: fail, set: fail }));
    for (const expected of ['{"run":1}', '{"run":2}', '{"run":3}']) {
      expect((await send(url, '/page')).text).toBe(expected);
      await storage.drain();
    }
    expect(warn.mock.calls.map(([line]) => String(line))).toEqual([
      'A response could not be read in the cache "default": broken',
      'A response could not be stored in the cache "default": broken',
    ]);
  });

  it('to answer a write does not keep the client waiting, and is waited for at shutdown', async () => {
    const finish: (() => void)[] = [];
    const set = () => new Promise<void>((resolve) => finish.push(resolve));
    const { url, storage } = await start({ page: counter() }, cacheOf({ set }));
    expect((await send(url, '/page')).text).toBe('{"run":1}');
    let drained = false;
    const draining = storage.drain().then(() => (drained = true));
    expect((await send(url, '/page?other')).text).toBe('{"run":2}');
    expect([finish.length, drained]).toEqual([2, false]);
    for (const end of finish) end();
    await draining;
    expect(drained).toBe(true);
  });

  it.each([
    ['other bytes', Buffer.from('no response')],
    ['a value of something else', { status: 200 }],
    ['half a response', Buffer.from([0x52, 0x01, 0, 200])],
  ])('by giving %s is a miss', async (_name, found) => {
    const { url } = await start({ page: counter() }, cacheOf({ get: async () => found as never }));
    expect((await send(url, '/page')).text).toBe('{"run":1}');
    expect((await send(url, '/page')).text).toBe('{"run":2}');
  });
});

describe.each(platforms)('clients on %s', (platform) => {
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
    app = await startApp({ platform, controllers: [cachedRoutes('', { big: () => `${run().run}${text}` })] });
    const sent = request(`${app.url}/big`);
    sent.end();
    const [reply] = await once(sent, 'response');
    await app.storage.drain();
    expect((await send(app.url, '/big')).text).toBe(`1${text}`);
    reply.destroy();
  });
});
