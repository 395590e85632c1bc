import { ClassSerializerInterceptor, Controller, Get, HttpCode, UseInterceptors } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Exclude } from 'class-transformer';
import { connect } from 'node:net';
import { of, delay } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { send } from '../http-client.js';
import { platforms } from '../response-app.js';
import {
  attackedRoutes,
  Runs,
  startAttackedApp,
  type Attacked,
  type AttackedApp,
  type Visit,
} from './attacked-app.js';

const runs = new Runs();

class User {
  readonly name = 'ann';

  @Exclude()
  readonly password = 'secret';
}

@Controller()
class UserController {
  @Get('user')
  @Cacheable()
  user() {
    runs.next();
    return new User();
  }

  @Get('bound')
  @UseInterceptors(ClassSerializerInterceptor)
  @Cacheable()
  bound() {
    runs.next();
    return [new User()];
  }
}

@Controller()
class EmptyController {
  @Get('empty')
  @HttpCode(204)
  @Cacheable({ response: { statuses: [204], negativeTtl: '1m' } })
  empty() {
    runs.next();
  }

  @Get('plain')
  @HttpCode(204)
  @Cacheable()
  plain() {
    runs.next();
  }
}

describe.each(platforms)('faults that other caches had, on %s', (platform) => {
  let app: AttackedApp;
  afterEach(() => app.close());

  async function start(...routes: Attacked[]): Promise<Visit> {
    runs.count = 0;
    app = await startAttackedApp({ platform, controllers: [EmptyController, attackedRoutes(...routes)] });
    return app.visit;
  }

  const saying = (
    fields: Record<string, string | string[]>,
    options: Attacked['options'] = {},
  ): Attacked => ({
    path: 'page',
    handle: ({ headers }, response) => {
      for (const [name, value] of Object.entries(fields)) response.header(name, value);
      return { language: headers['accept-language'] ?? 'none', run: runs.next() };
    },
    options,
  });

  const byHeaders = { response: { respectHeaders: true } };
  const both: [string, Attacked['options']][] = [
    ['by the route', {}],
    ['by the headers', byHeaders],
  ];

  describe.each(both)('decided %s', (_mode, options) => {
    it.each(['*', 'Accept-Language, *', ' * ', 'Accept-Language,*,Origin'])(
      'CVE-2026-6907: Vary: %s is not stored',
      async (vary) => {
        const visit = await start(saying({ Vary: vary, 'Cache-Control': 'max-age=60' }, options));
        await visit('/page');
        expect((await visit('/page')).text).toContain('"run":2');
      },
    );

    it.each(['PRIVATE', 'max-age=60, Private', 'No-Store', 'max-age=60 ,  NO-STORE', 'pRiVaTe="x-user"'])(
      'CVE-2026-8404: Cache-Control: %s is not stored',
      async (directives) => {
        const visit = await start(saying({ 'Cache-Control': directives }, options));
        await visit('/page');
        expect((await visit('/page')).text).toContain('"run":2');
      },
    );

    it.each([' Accept-Language ', 'ACCEPT-LANGUAGE', 'X-A ,\taccept-language', 'accept-language,,'])(
      'CVE-2026-48587: Vary: "%s" keeps languages apart',
      async (vary) => {
        const visit = await start(saying({ Vary: vary, 'Cache-Control': 'max-age=60' }, options));
        const said = async (language: string) => (await visit('/page', { 'Accept-Language': language })).text;
        expect(await said('de')).toBe('{"language":"de","run":1}');
        expect(await said('fr')).toBe('{"language":"fr","run":2}');
        expect(await said('de')).toBe('{"language":"de","run":1}');
      },
    );

    it('CVE-2026-113593: a header that is missing is not one that is empty', async () => {
      const visit = await start(saying({ Vary: 'Accept-Language', 'Cache-Control': 'max-age=60' }, options));
      expect((await visit('/page')).text).toBe('{"language":"none","run":1}');
      expect((await visit('/page', { 'Accept-Language': '' })).text).toBe('{"language":"","run":2}');
      expect((await visit('/page')).text).toBe('{"language":"none","run":1}');
      expect((await visit('/page', { 'Accept-Language': '' })).text).toBe('{"language":"","run":2}');
    });
  });

  it('CVE-2025-49826: an empty 204 is never what a page is answered with', async () => {
    let empty = true;
    const visit = await start({
      path: 'page',
      handle: (_request, response) => {
        runs.next();
        if (!empty) return 'page';
        response.status(204);
        return undefined;
      },
    });
    expect((await visit('/page')).status).toBe(204);
    empty = false;
    const page = await visit('/page');
    expect([page.status, page.text]).toEqual([200, 'page']);
  });

  it('a 204 is stored where its route lists it only, and comes back empty', async () => {
    const visit = await start();
    for (const [path, expected] of [
      ['/plain', 2],
      ['/empty', 1],
    ] as const) {
      runs.count = 0;
      const [first, second] = [await visit(path), await visit(path)];
      expect([first.status, second.status, second.body.length]).toEqual([204, 204, 0]);
      expect([path, runs.count]).toEqual([path, expected]);
    }
  });

  it('a response whose client left half-way is stored whole or not at all', async () => {
    let goOn!: () => void;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const large = 'x'.repeat(500_000);
    const visit = await start(
      {
        path: 'promise',
        handle: async () => {
          runs.next();
          await held;
          return `${large}end`;
        },
      },
      {
        path: 'observable',
        handle: () => {
          runs.next();
          return of('part', `${large}end`).pipe(delay(30));
        },
      },
    );
    for (const path of ['/promise', '/observable']) {
      runs.count = 0;
      const { hostname, port } = new URL(app.url);
      const socket = connect(Number(port), hostname);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await expect.poll(() => runs.count).toBe(1);
      socket.destroy();
      goOn();
      const next = await visit(path);
      expect([next.status, next.text.length, next.text.endsWith('xend')]).toEqual([200, 500_003, true]);
      expect((await visit(path)).text).toBe(next.text);
    }
  });

  it('a waiter is not given a truncated response when the one it waits for leaves', async () => {
    let goOn!: () => void;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    await start({
      path: 'page',
      handle: async () => {
        runs.next();
        await held;
        return { whole: 'x'.repeat(100_000) };
      },
    });
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.write('GET /page HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(() => runs.count).toBe(1);
    const waiters = [send(app.url, '/page'), send(app.url, '/page')];
    socket.destroy();
    goOn();
    for (const { status, text } of await Promise.all(waiters)) {
      expect([status, text.length]).toEqual([200, 100_012]);
    }
  });
});

describe.each(platforms)('nestjs/cache-manager #148, on %s', (platform) => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('fields that are excluded are in no hit, and not in Redis', async () => {
    runs.count = 0;
    const app = await startAttackedApp({
      platform,
      controllers: [UserController],
      providers: [{ provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }],
      redis: redis.url,
      keyPrefix: platform,
    });
    try {
      for (const path of ['/user', '/bound']) {
        const [miss, hit] = [await app.visit(path), await app.visit(path)];
        expect([miss.text.includes('ann'), miss.text.includes('secret')]).toEqual([true, false]);
        expect(hit.text).toBe(miss.text);
      }
      expect(runs.count).toBe(2);
      const keys = (await redis.cli('KEYS', `${platform}:*`)) as string[];
      expect(keys).not.toEqual([]);
      for (const key of keys) {
        const dump = JSON.stringify(await redis.cli('DUMP', key));
        expect(dump).not.toContain('secret');
      }
    } finally {
      await app.close();
    }
  });
});
