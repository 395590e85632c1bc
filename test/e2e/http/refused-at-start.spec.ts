import {
  Controller,
  Get,
  Module,
  Param,
  Post,
  RequestMethod,
  type DynamicModule,
  type Type,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { Keyv } from 'keyv';
import { describe, expect, it } from 'vitest';
import { Cacheable, NoCache, type CacheableOptions, type ResponseCacheOptions } from '../../../src/index.js';
import { startModuleApp, type ModuleAppOptions } from './module-app.js';
import { platforms } from './response-app.js';

const user = () => 1;

/** A controller whose one route is cached as `options` say. */
function pages(
  options: CacheableOptions,
  paths: { base?: string | string[]; path?: string | string[] } = {},
): Type {
  @Controller(paths.base ?? 'pages')
  class Pages {
    @Get(paths.path ?? ':id')
    @Cacheable(options as CacheableOptions<string>)
    find(@Param('id') id: string) {
      return { id };
    }
  }
  return Pages;
}

const response = (options: CacheableOptions['response']) => pages({ ...(options && { response: options }) });

describe.each(platforms)('the response cache on %s', (platform) => {
  /** Starts an application, ends it, and gives what starting it gave. */
  async function start(
    controllers: Type[],
    http?: ResponseCacheOptions,
    more: Partial<ModuleAppOptions> = {},
  ): Promise<void> {
    const app = await startModuleApp({ platform, controllers, ...(http && { http }), ...more });
    await app.close();
  }

  it.each<[string, Type, ResponseCacheOptions, string]>([
    [
      'one response for everybody and one per user',
      response({ public: true, varyByUser: user }),
      {},
      'Pages.find @Cacheable.response.public: contradicts varyByUser',
    ],
    [
      'one response for everybody with a policy of one per user',
      response({ public: true, policy: 'mine' }),
      { policies: { mine: { varyByUser: user } } },
      'Pages.find @Cacheable.response.public: contradicts varyByUser',
    ],
    [
      'an unknown policy',
      response({ policy: 'page' }),
      { policies: { pages: {}, lists: {} } },
      `Pages.find @Cacheable.response.policy: there is no such policy in "http.policies" (declared: 'pages', 'lists'), received "page"`,
    ],
    [
      'a status that tells nothing of the resource',
      response({ statuses: [404, 500] }),
      {},
      'Pages.find @Cacheable.response.statuses: may have statuses from 200 to 499',
    ],
    [
      'a key twice',
      pages({ key: 'one', response: { key: () => 'two' } }),
      {},
      'Pages.find @Cacheable.response.key: contradicts @Cacheable.key',
    ],
    [
      'a key and query parameters',
      pages({ key: 'one', response: { query: ['page'] } }),
      {},
      'Pages.find @Cacheable.response.query: contradicts "key"',
    ],
    [
      'a value that is wrong',
      response({ key: 'fixed' as never }),
      {},
      'Pages.find @Cacheable.response.key: must be a function of the execution context',
    ],
  ])('does not start with %s', async (_name, controller, http, message) => {
    await expect(start([controller], http)).rejects.toThrow(message);
  });

  it('starts with everything else that a route can say', async () => {
    const policies = { mine: { varyByUser: user, ttl: '1m' }, pages: { vary: ['accept'], statuses: [404] } };
    const said: CacheableOptions['response'][] = [
      { policy: 'mine', stale: { error: '1h' }, cacheControl: 'private, max-age=60' },
      { policy: 'pages', public: true, stale: { revalidate: '1m' }, query: ['page'], cacheStatus: 'pages' },
      // What the module says of all routes, one route may see differently.
      { varyByUser: user },
    ];
    const controllers = said.map((one, index) =>
      pages({ ...(one && { response: one }) }, { base: `${index}` }),
    );
    await start(controllers, { public: true, stale: { revalidate: '1m' }, policies });
  });

  it('does not start with a route that is and is not cached', async () => {
    @Controller()
    class Undecided {
      @Get()
      @Cacheable()
      @NoCache()
      find() {
        return {};
      }
    }
    @Controller()
    @NoCache()
    class Decided {
      @Get()
      @Cacheable()
      find() {
        return {};
      }
    }
    await expect(start([Undecided])).rejects.toThrow('Undecided.find: @NoCache contradicts @Cacheable');
    await start([Decided]);
  });

  it.each([
    ['the path', 'products/:id', ':kind', 'product:{name}', "'name' in the path /products/:id/:kind"],
    ['one of several paths', ['a/:id', 'b'], 'page', 'page:{id}', "'id' in the path /b/page"],
    ['one of several paths of the handler', 'a', [':id', 'x/:key'], '{id}', "'id' in the path /a/x/:key"],
  ])(
    'does not start with a tag of a parameter that is not in %s',
    async (_name, base, path, tag, message) => {
      await expect(start([pages({ tags: ['all', tag] }, { base, path })])).rejects.toThrow(
        `Pages.find @Cacheable.tags: there is no parameter ${message}`,
      );
    },
  );

  it('starts with tags of parameters of the prefix, of the module, of the controller and of the handler', async () => {
    const Pages = pages(
      { tags: ['{tenant}/{shelf}/{id}/{kind}'] },
      { base: ['p/:id', 'q/:id'], path: ':kind' },
    );
    @Module({ controllers: [Pages] })
    class Shelf {}
    const imports: (Type | DynamicModule)[] = [
      Shelf,
      RouterModule.register([{ path: 'shelves/:shelf', module: Shelf }]),
    ];
    const prefixed: Partial<ModuleAppOptions> = {
      imports,
      prepare: (app) =>
        app.setGlobalPrefix('of/:tenant', { exclude: [{ path: 'x', method: RequestMethod.GET }] }),
    };
    await start([], undefined, prefixed);
    await expect(start([], undefined, { imports })).rejects.toThrow(
      "there is no parameter 'tenant' in the path /shelves/:shelf/p/:id/:kind",
    );
  });

  it('does not start with tags in a cache that cannot invalidate by them', async () => {
    const caches = { foreign: { store: new Keyv() } };
    const rule = "Pages.find @Cacheable.tags: the cache 'foreign' cannot invalidate by tags";
    await expect(start([pages({ cache: 'foreign', tags: ['all'] })], {}, { caches })).rejects.toThrow(rule);
    await expect(start([pages({ cache: 'foreign', resultTags: () => [] })], {}, { caches })).rejects.toThrow(
      rule,
    );
    await start([pages({ cache: 'foreign' })], {}, { caches });
  });

  it('does not start without the cache of routes that name none', async () => {
    await expect(start([], { cache: 'pages' })).rejects.toThrow(
      'options.http.cache: No cache is named "pages". Declared: "default"',
    );
    await start([], { cache: 'pages' }, { caches: { pages: {} } });
  });

  it('checks handlers that are inherited, under the name of the controller that serves them', async () => {
    class Base {
      @Get('base')
      @Cacheable({ response: { policy: 'none' } })
      find() {
        return {};
      }
      @Get('other')
      @Cacheable({ response: { policy: 'none' } })
      other() {
        return {};
      }
    }
    @Controller('heir')
    class Heir extends Base {
      // Serves nothing, and hides what it stands in front of.
      override find() {
        return {};
      }
      @Post('other')
      override other() {
        return {};
      }
    }
    @Controller('plain')
    class Plain extends Base {}
    await start([Heir]);
    await expect(start([Plain])).rejects.toThrow(
      'Plain.find @Cacheable.response.policy: there is no such policy',
    );
  });
});
