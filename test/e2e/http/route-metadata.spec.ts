import { CacheKey, CacheTTL } from '@nestjs/cache-manager';
import { Logger, type ExecutionContext } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { handlerVerdict } from '../../../src/di/route-metadata.js';
import { send } from './http-client.js';
import { Cached, platforms, startApp, type ResponseApp } from './response-app.js';
import { cachedRoutes, counter, type AnyRequest, type Route } from './routes.js';

describe.each(platforms)('what a route says about its cache, on %s', (platform) => {
  let app: ResponseApp | undefined;
  afterEach(async () => {
    await app?.close();
    vi.restoreAllMocks();
  });

  async function start(routes: Record<string, Route>, cached = Cached()): Promise<ResponseApp> {
    app = await startApp({ platform, controllers: [cachedRoutes('', routes, cached)] });
    return app;
  }

  async function texts(...paths: string[]): Promise<string[]> {
    const { url, storage } = app as ResponseApp;
    const found: string[] = [];
    for (const path of paths) {
      found.push((await send(url, path)).text);
      await storage.drain();
    }
    return found;
  }

  async function storedTtls(): Promise<(number | null | undefined)[]> {
    const part = (app as ResponseApp).cache.namespace('http-responses');
    const ttls: (number | null | undefined)[] = [];
    for await (const key of part.keys()) ttls.push(await part.remainingTtl(key));
    return ttls;
  }

  it('a fixed key leaves the query out, and keeps routes and path parameters apart', async () => {
    await start(
      { one: { path: 'one/:id', handle: counter() }, two: { path: 'two', handle: () => 'two' } },
      Cached({ key: 'fixed' }),
    );
    expect(await texts('/one/1?a=1', '/one/1?a=2')).toEqual(['{"run":1}', '{"run":1}']);
    expect(await texts('/one/2', '/two')).toEqual(['{"run":2}', 'two']);
  });

  it('a key function stands for path and query', async () => {
    const key = (context: ExecutionContext) =>
      String(context.switchToHttp().getRequest<AnyRequest>().query['page']);
    await start({ list: counter() }, Cached({ response: { key } }));
    expect(await texts('/list?page=1&utm=a', '/list?utm=b&page=1', '/list?page=2')).toEqual([
      '{"run":1}',
      '{"run":1}',
      '{"run":2}',
    ]);
  });

  it('a key or a condition that throws is told once, and the handler runs', async () => {
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
    const key = () => {
      throw new Error('no key');
    };
    await start({ list: counter() }, Cached({ response: { key } }));
    expect(await texts('/list', '/list')).toEqual(['{"run":1}', '{"run":2}']);
    expect(error).toHaveBeenCalledTimes(1);
    expect(error.mock.calls[0]?.[0]).toContain('no key');
  });

  it('an unknown cache never reaches the client', async () => {
    vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
    await start({ list: counter() }, Cached({ cache: 'elsewhere' }));
    expect(await texts('/list', '/list')).toEqual(['{"run":1}', '{"run":2}']);
  });

  it.each([
    ['ttl of the route', Cached({ ttl: '90s' }), [], [60_000, 90_000]],
    ['no expiry', Cached({ ttl: null }), [], null],
    ['ttl of the cache', Cached(), [], [200_000, 300_000]],
    ['@CacheTTL', Cached(), [CacheTTL(40_000)], [20_000, 40_000]],
    ['@CacheTTL(0), no expiry', Cached(), [CacheTTL(0)], null],
    ['a function in @CacheTTL', Cached(), [CacheTTL(() => 40_000)], [20_000, 40_000]],
    ['@Cacheable before @CacheTTL', Cached({ ttl: 90_000 }), [CacheTTL(40_000)], [60_000, 90_000]],
  ] as const)('the entry lives by the %s', async (_name, cached, decorators, range) => {
    await start({ page: { decorators: [...decorators], handle: counter() } }, cached);
    expect(await texts('/page', '/page')).toEqual(['{"run":1}', '{"run":1}']);
    const [ttl, ...others] = await storedTtls();
    expect(others).toEqual([]);
    if (range === null) expect(ttl).toBeNull();
    else {
      expect(ttl).toBeGreaterThan(range[0]);
      expect(ttl).toBeLessThanOrEqual(range[1]);
    }
  });

  it('ttl: 0 stores nothing', async () => {
    await start({ page: counter() }, Cached({ ttl: 0 }));
    expect(await texts('/page', '/page')).toEqual(['{"run":1}', '{"run":2}']);
  });

  it('@CacheKey is a fixed key, or a function of the request that may decline', async () => {
    const byQuery = CacheKey(
      (context: ExecutionContext) => context.switchToHttp().getRequest<AnyRequest>().query['id'] as string,
    );
    await start({
      fixed: { decorators: [CacheKey('all')], handle: counter() },
      byQuery: { decorators: [byQuery], handle: counter() },
    });
    expect(await texts('/fixed?a=1', '/fixed?a=2')).toEqual(['{"run":1}', '{"run":1}']);
    expect(await texts('/byQuery?id=1', '/byQuery?id=1&x', '/byQuery', '/byQuery')).toEqual([
      '{"run":1}',
      '{"run":1}',
      '{"run":2}',
      '{"run":3}',
    ]);
  });

  it('a veto of the handler keeps the response out', async () => {
    const run = counter();
    const handle = async () => {
      await Promise.resolve();
      const verdict = handlerVerdict();
      if (verdict !== undefined) verdict.vetoed = true;
      return run();
    };
    await start({ page: handle }, Cached({ judged: true }));
    expect(await texts('/page', '/page')).toEqual(['{"run":1}', '{"run":2}']);
  });

  it('clearing the cache drops its responses, and its own keys are untouched by them', async () => {
    const { cache } = await start({ page: counter() });
    await texts('/page');
    const keys: string[] = [];
    for await (const key of cache.keys()) keys.push(key);
    expect(keys).toEqual([]);
    await cache.clear();
    expect(await texts('/page')).toEqual(['{"run":2}']);
  });
});
