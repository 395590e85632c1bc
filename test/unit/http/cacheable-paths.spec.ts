import {
  All,
  Controller,
  Get,
  Module,
  Post,
  RequestMethod,
  Version,
  VERSION_NEUTRAL,
  VersioningType,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { ApplicationConfig, ModulesContainer, NestFactory, RouterModule } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { CacheablePaths, findCacheablePaths } from '../../../src/http/invalidation/cacheable-paths.js';
import { declaredRoutes } from '../../../src/http/route/declared-routes.js';
import { send } from '../../e2e/http/http-client.js';

function of(...paths: string[]): CacheablePaths {
  return new CacheablePaths(paths.map((path) => ({ path, cache: path })));
}

function found(paths: CacheablePaths, target: string): string[] {
  return [...paths.cachesOf(target)].toSorted();
}

describe('CacheablePaths', () => {
  it('takes what stands behind the last slash for a parameter, even if that is nothing, as Fastify does', () => {
    const paths = of('/cities/:id', '/cities/:id/*rest', '/cities');
    expect(found(paths, '/cities/?q=/')).toEqual(['/cities', '/cities/:id', '/cities/:id/*rest']);
    expect(found(paths, '/cities?q=/')).toEqual(['/cities']);
  });

  it('finds what has the same segments, whatever stands for a parameter', () => {
    const paths = of('/', '/cities', '/cities/:id', '/cities/:id/streets', '/cities/new');
    expect(found(paths, '/')).toEqual(['/']);
    expect(found(paths, '/cities')).toEqual(['/cities']);
    expect(found(paths, '/cities/1')).toEqual(['/cities/:id']);
    expect(found(paths, '/cities/new')).toEqual(['/cities/:id', '/cities/new']);
    expect(found(paths, '/cities/new/streets?q=/x')).toEqual(['/cities/:id/streets']);
    expect(found(paths, '/cities/1/2/3')).toEqual([]);
    expect(found(paths, '/towns')).toEqual([]);
  });

  it.each(['/CITIES/a', '/cities/a/', '//cities//a', '/%63ities/a', '/cities/%41', '/cities/a?b'])(
    'takes %s for /cities/a, as routers may',
    (target) => {
      expect(found(of('/cities/a', '/cities/b'), target)).toEqual(['/cities/a']);
    },
  );

  it.each(['/x/*rest', '/x*', '/x/{:id}/y', '/x/:id(\\d+)', '/x/:id?', '/x/a(b)?c', '/x/(.*)'])(
    'goes by what stands before the first pattern in %s',
    (path) => {
      expect(found(of(path), '/x/1/2/y')).toEqual(path === '/x*' ? ['/x*'] : [path]);
      expect(found(of(path), '/y')).toEqual(path === '/x*' ? ['/x*'] : []);
    },
  );

  it('knows the caches of all paths, each once', () => {
    const paths = new CacheablePaths([
      { path: '/a', cache: 'pages' },
      { path: '/:any', cache: 'pages' },
      { path: '/b', cache: 'other' },
    ]);
    expect([...paths.caches]).toEqual(['pages', 'other']);
    expect(found(paths, '/a')).toEqual(['pages']);
  });
});

const GETS = new Set(['all', 'list', 'many', 'maybe', 'neutral', 'one', 'root', 'second', 'splat', 'within']);

class Inherited {
  @Get('inherited/:id')
  one() {
    return 'GET';
  }
}

@Controller(['cities', 'towns/:country'])
class Cities extends Inherited {
  @Get()
  list() {
    return 'GET';
  }

  @Get(['many/:a/x', 'several'])
  many() {
    return 'GET';
  }

  @Get('maybe/:id')
  maybe() {
    return 'GET';
  }

  @All('all')
  all() {
    return 'GET';
  }

  @Post('posted')
  posted() {
    return 'POST';
  }

  @Get('files/*')
  splat() {
    return 'GET';
  }

  @Get('uncached')
  uncached() {
    return 'uncached';
  }

  notRouted() {
    return 'never';
  }
}

@Controller({ path: 'versioned', version: ['1', '2'] })
class Versioned {
  @Get()
  root() {
    return 'GET';
  }

  @Version('3')
  @Get('second')
  second() {
    return 'GET';
  }

  @Version(VERSION_NEUTRAL)
  @Get('neutral')
  neutral() {
    return 'GET';
  }
}

@Controller()
class Within {
  @Get(':id/within')
  within() {
    return 'GET';
  }
}

@Module({ controllers: [Within] })
class WithinModule {}

const TARGETS = ['', '/api', '/v1', '/v9', '/api/v1', '/api/v2', '/api/v3', '/api/v9'].flatMap((prefix) =>
  [
    ...['/cities', '/CITIES/', '/towns/de', '/towns/de/several', '/cities/many/1/x', '/cities/many/1/y'],
    ...['/cities/all', '/cities/posted', '/cities/files/a/b', '/cities/inherited/%C3%A9', '/cities/uncached'],
    ...[
      '/versioned',
      '/versioned/second',
      '/versioned/neutral',
      '/module/7/5/within',
      '/nowhere',
      '/cities/maybe/',
      '/cities/maybe/1',
    ],
  ].map((path) => prefix + path),
);

const versionings = {
  none: undefined,
  uri: { type: VersioningType.URI, defaultVersion: '9' },
  header: { type: VersioningType.HEADER, header: 'x-version', defaultVersion: '1' },
} as const;

describe.each([
  ['express', () => new ExpressAdapter()],
  ['fastify', () => new FastifyAdapter()],
] as const)('the paths of an application on %s', (_platform, adapter) => {
  async function start(prepare: (app: INestApplication) => void) {
    const modules = [WithinModule, RouterModule.register([{ path: 'module/:m', module: WithinModule }])];
    const root = { module: class Root {}, controllers: [Cities, Versioned], imports: modules };
    const app = await NestFactory.create(root, adapter(), { logger: false, forceCloseConnections: true });
    prepare(app);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const cacheOf = (_controller: Type, handler: object) =>
      GETS.has((handler as { readonly name: string }).name) ? 'pages' : undefined;
    const routes = declaredRoutes(app.get(ModulesContainer), app.get(ApplicationConfig));
    const paths = findCacheablePaths(routes, cacheOf);
    return { app, url: `http://127.0.0.1:${port}`, paths: new CacheablePaths(paths) };
  }

  it.each(Object.entries(versionings))(
    'are found wherever the router serves them (versioning: %s)',
    async (_name, versioning) => {
      const { app, url, paths } = await start((one) => {
        one.setGlobalPrefix('api', {
          exclude: ['cities/several', 'versioned', { path: 'cities/maybe/:id', method: RequestMethod.GET }],
        });
        if (versioning !== undefined) one.enableVersioning(versioning);
      });
      try {
        const served = new Set<string>();
        for (const target of TARGETS) {
          const { text } = await send(url, target, { headers: { 'x-version': '1' } });
          if (text === 'GET') served.add(target);
        }
        expect(served.size).toBeGreaterThan(5);
        for (const target of served) expect([target, ...paths.cachesOf(target)]).toEqual([target, 'pages']);
        // It may find some more, such as other versions, and not just anything.
        for (const target of TARGETS.filter((one) => /nowhere|posted|\/y$|uncached/.test(one))) {
          expect([target, ...paths.cachesOf(target)]).toEqual([target]);
        }
      } finally {
        await app.close();
      }
    },
  );
});
