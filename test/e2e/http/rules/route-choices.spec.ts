import { Controller, Get, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Cacheable,
  NoCache,
  ResponseCacheContext,
  ResponseCacheCtx,
  ResponseCacheInterceptor,
  type ResponseCacheOptions,
} from '../../../../src/index.js';
import { send } from '../http-client.js';
import { startModuleApp, type ModuleApp } from '../module-app.js';
import { platforms, type Platform } from '../response-app.js';

let runs = 0;
const counted = () => ({ run: (runs += 1) });

@Controller('products')
class Products {
  @Get(':id')
  @Cacheable({ tags: ['products', 'product:{id}'] })
  find(@Param('id') _id: string) {
    return counted();
  }

  @Get(':id/judged')
  @Cacheable({ tags: ['product:{id}'], resultTags: () => ['judged'] })
  judged(@Param('id') _id: string) {
    return counted();
  }
}

@Controller('told')
class Told {
  @Get('tags')
  @Cacheable({ ttl: '1m' })
  tags(@ResponseCacheCtx() cache: ResponseCacheContext) {
    cache.tags('told');
    return counted();
  }

  @Get('ttl')
  @Cacheable({ ttl: '1m' })
  ttl(@ResponseCacheCtx() cache: ResponseCacheContext) {
    cache.ttl('1h');
    return counted();
  }

  @Get('maybe')
  @Cacheable({ ttl: '1m' })
  maybe(@ResponseCacheCtx() cache: ResponseCacheContext, @Query('store') store: string) {
    if (store === 'no') cache.noStore();
    return counted();
  }

  @Get('uncached')
  uncached(@ResponseCacheCtx() cache: ResponseCacheContext) {
    cache.tags('told');
    cache.ttl('1h');
    cache.noStore();
    return counted();
  }
}

@Controller('mixed')
class Mixed {
  @Get('plain')
  plain() {
    return counted();
  }

  @Get('excluded')
  @NoCache()
  excluded() {
    return counted();
  }

  @Post('plain')
  post() {
    return counted();
  }
}

@Controller('bound')
@UseInterceptors(ResponseCacheInterceptor)
class Bound extends Mixed {}

@Controller('private')
@NoCache()
class Private extends Mixed {
  @Get('decorated')
  @Cacheable()
  decorated() {
    return counted();
  }
}

/** An application with all of these controllers, and what tests ask it with. */
function choices(platform: Platform) {
  let app: ModuleApp;
  afterEach(() => app.close());

  async function start(http: ResponseCacheOptions = {}): Promise<void> {
    runs = 0;
    const controllers = [Products, Told, Mixed, Bound, Private];
    app = await startModuleApp({ platform, controllers, http, caches: { pages: {} } });
  }

  async function run(path: string, method = 'GET'): Promise<number> {
    const { text } = await send(app.url, path, { method });
    await app.drain();
    return (JSON.parse(text) as { run: number }).run;
  }

  /** Whether a second request gets what the first one made. */
  async function isCached(path: string, method = 'GET'): Promise<boolean> {
    return (await run(path, method)) === (await run(path, method));
  }

  const cache = (name?: string) => app.cache(name);
  return { start, run, isCached, cache };
}

describe('rule 16: tags of routes, of parameters and of handlers', () => {
  describe.each(platforms)('%s', (platform) => {
    const { start, run, isCached, cache } = choices(platform);

    it('a tag with a parameter invalidates the responses for its value alone', async () => {
      await start();
      expect([await run('/products/1'), await run('/products/2'), await run('/products/1/judged')]).toEqual([
        1, 2, 3,
      ]);
      await cache().invalidateTags('product:1');
      expect([await run('/products/2'), await run('/products/1'), await run('/products/1/judged')]).toEqual([
        2, 4, 5,
      ]);
      await cache().invalidateTags('products');
      expect([await run('/products/2'), await run('/products/1/judged')]).toEqual([6, 5]);
      await cache().invalidateTags('judged');
      expect(await run('/products/1/judged')).toBe(7);
    });

    it('a handler adds tags to its response', async () => {
      await start();
      expect([await run('/told/tags'), await run('/told/tags')]).toEqual([1, 1]);
      await cache().invalidateTags('told');
      expect(await run('/told/tags')).toBe(2);
    });

    it('a handler says how long its response lives', async () => {
      await start();
      await run('/told/ttl');
      const part = cache().namespace('http-responses');
      const ttls: number[] = [];
      for await (const key of part.keys()) ttls.push((await part.remainingTtl(key)) ?? 0);
      expect(ttls).toHaveLength(1);
      expect(ttls[0]).toBeGreaterThan(60_000);
    });

    it('a handler keeps one response out, and is not heard where nothing is cached', async () => {
      await start();
      expect(await isCached('/told/maybe?store=no')).toBe(false);
      expect(await isCached('/told/maybe?store=yes')).toBe(true);
      expect(await isCached('/told/uncached')).toBe(false);
    });
  });
});

describe('rule 23: every GET is cached where the module says so, but what is excluded', () => {
  describe.each(platforms)('%s', (platform) => {
    const { start, run, isCached, cache } = choices(platform);

    it('`routes: all` caches every GET in its cache, but where @NoCache stands', async () => {
      await start({ routes: 'all', cache: 'pages' });
      expect(await isCached('/mixed/plain')).toBe(true);
      expect(await isCached('/mixed/plain', 'POST')).toBe(false);
      expect(await isCached('/mixed/excluded')).toBe(false);
      expect(await isCached('/private/plain')).toBe(false);
      expect(await isCached('/private/decorated')).toBe(true);
      await cache('pages').clear();
      expect(await run('/private/decorated')).toBe(await run('/private/decorated'));
      const before = runs;
      expect(await run('/mixed/plain')).toBe(before + 1);
    });

    it('the interceptor that stands on a controller passes over what @NoCache excludes', async () => {
      await start();
      expect(await isCached('/mixed/plain')).toBe(false);
      expect(await isCached('/bound/plain')).toBe(true);
      expect(await isCached('/bound/excluded')).toBe(false);
    });
  });
});
