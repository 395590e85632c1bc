import {
  ConflictException,
  Controller,
  Delete,
  Get,
  Logger,
  Param,
  Post,
  Put,
  Query,
  Res,
  VersioningType,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Keyv } from 'keyv';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { ResponseCache } from '../../../../src/http/invalidation/response-cache.service.js';
import { RedisCacheModule } from '../../../../src/module/redis-cache.module.js';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { send } from '../http-client.js';
import { startModuleApp, type ModuleApp, type ModuleAppOptions } from '../module-app.js';
import { platforms } from '../response-app.js';
import type { AnyResponse } from '../routes.js';

let runs = 0;
/** Called by the slow route when it has read, and keeps it waiting. */
let pause = async (): Promise<void> => {};

@Controller('cities')
class Cities {
  @Get()
  @Cacheable()
  list(@Query('q') q?: string) {
    return { run: (runs += 1), q };
  }

  @Get(':id')
  @Cacheable({ tags: ['city:{id}'] })
  one(@Param('id') id: string) {
    return { run: (runs += 1), id };
  }

  @Get(':id/slow')
  @Cacheable()
  async slow() {
    const run = (runs += 1);
    await pause();
    return { run };
  }

  @Post()
  add(@Res({ passthrough: true }) response: AnyResponse) {
    response.header('Location', '/cities/7');
    return {};
  }

  @Put(':id')
  change() {
    return {};
  }

  @Put(':id/slow')
  changeSlow() {
    return {};
  }

  @Delete(':id')
  remove() {
    throw new ConflictException();
  }
}

describe('rule 16: responses are invalidated', () => {
  describe.each(platforms)('%s', (platform) => {
    let redis: RedisServer;
    let apps: ModuleApp[] = [];
    let spaces = 0;

    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());
    afterEach(async () => {
      await Promise.all(apps.map((app) => app.close()));
      apps = [];
      pause = async () => {};
      vi.restoreAllMocks();
    });

    async function start(options: Partial<ModuleAppOptions> = {}): Promise<ModuleApp> {
      const app = await startModuleApp({ platform, controllers: [Cities], ...options });
      apps.push(app);
      return app;
    }

    /** Two processes of one application. */
    async function two(options: Partial<ModuleAppOptions> = {}): Promise<[ModuleApp, ModuleApp]> {
      const shared = { redis: redis.url, keyPrefix: `${platform}${(spaces += 1)}`, ...options };
      return [await start(shared), await start(shared)];
    }

    const write = async (app: ModuleApp, method: string, path: string) =>
      (await send(app.url, path, { method })).status;

    async function read(app: ModuleApp, path: string): Promise<string> {
      const { text } = await send(app.url, path);
      await app.drain();
      return text;
    }

    /** Has the responses of paths stored, and sees that the others are given them. */
    async function store(all: readonly ModuleApp[], ...paths: string[]): Promise<string[]> {
      const texts: string[] = [];
      for (const path of paths) {
        const text = await read(all[0] as ModuleApp, path);
        for (const app of all) expect([path, await read(app, path)]).toEqual([path, text]);
        texts.push(text);
      }
      return texts;
    }

    /** Which of the paths that were stored are made anew. */
    async function lost(
      app: ModuleApp,
      paths: readonly string[],
      texts: readonly string[],
    ): Promise<string[]> {
      const gone: string[] = [];
      for (const [index, path] of paths.entries())
        if ((await read(app, path)) !== texts[index]) gone.push(path);
      return gone;
    }

    const PATHS = ['/cities', '/cities?q=1', '/cities/1', '/cities/1?q=1', '/cities/7', '/cities/1/slow'];

    it('a write takes all responses of its URL, in all processes, before it is answered', async () => {
      const [one, other] = await two();
      const texts = await store([one, other], ...PATHS);
      expect(await write(one, 'PUT', '/cities/1?any=query')).toBe(200);
      expect(await lost(other, PATHS, texts)).toEqual(['/cities/1', '/cities/1?q=1']);
    });

    it('a write takes those of its Location', async () => {
      const [one, other] = await two();
      const texts = await store([one, other], ...PATHS);
      expect(await write(one, 'POST', '/cities')).toBe(201);
      expect(await lost(other, PATHS, texts)).toEqual(['/cities', '/cities?q=1', '/cities/7']);
    });

    it('a write that is refused takes none', async () => {
      const [one, other] = await two();
      const texts = await store([one, other], ...PATHS);
      expect(await write(one, 'DELETE', '/cities/1')).toBe(409);
      expect(await lost(other, PATHS, texts)).toEqual([]);
    });

    it('what was read before a write is not stored after it', async () => {
      const [one, other] = await two();
      let noteRead: () => void = () => undefined;
      let goOn: () => void = () => undefined;
      const hasRead = new Promise<void>((resolve) => (noteRead = resolve));
      const waiting = new Promise<void>((resolve) => (goOn = resolve));
      pause = () => (noteRead(), waiting);
      const slow = send(one.url, '/cities/1/slow');
      await hasRead;
      pause = async () => {};
      expect(await write(other, 'PUT', '/cities/1/slow')).toBe(200);
      goOn();
      const { text } = await slow;
      await one.drain();
      for (const app of [one, other]) expect(await read(app, '/cities/1/slow')).not.toBe(text);
    });

    it('the prefix, the version and the way in which a path is written do not matter', async () => {
      const [one, other] = await two({
        prepare: (app) => {
          app.setGlobalPrefix('api');
          app.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' });
        },
      });
      const paths = PATHS.map((path) => `/api/v2${path}`);
      const texts = await store([one, other], ...paths);
      expect(await write(one, 'PUT', '/api/v2/cities/%31')).toBe(200);
      expect(await lost(other, paths, texts)).toEqual(['/api/v2/cities/1', '/api/v2/cities/1?q=1']);
    });

    it('a service takes them by URL, by route and by tag, in a process without HTTP', async () => {
      const [one, other] = await two();
      const connection = { url: redis.url, deadline: 5_000 };
      const imports = [RedisCacheModule.forRoot({ connection, keyPrefix: `${platform}${spaces}` })];
      const job = await NestFactory.createApplicationContext(
        { module: class Job {}, imports },
        { logger: false },
      );
      try {
        const responses = job.get(ResponseCache);
        const lostBy = async (invalidate: () => Promise<void>) => {
          const texts = await store([one, other], ...PATHS);
          await invalidate();
          return lost(other, PATHS, texts);
        };
        expect(await lostBy(() => responses.invalidateUrl('/cities'))).toEqual(['/cities', '/cities?q=1']);
        expect(await lostBy(() => responses.invalidateUrl('https://any.example/cities/7?q'))).toEqual([
          '/cities/7',
        ]);
        expect(await lostBy(() => responses.invalidateRoute(Cities, 'one'))).toEqual([
          '/cities/1',
          '/cities/1?q=1',
          '/cities/7',
        ]);
        expect(await lostBy(() => responses.invalidateRoute(Cities, 'one', { id: '7' }))).toEqual([
          '/cities/7',
        ]);
        expect(await lostBy(() => responses.invalidateTags('city:1'))).toEqual([
          '/cities/1',
          '/cities/1?q=1',
        ]);
      } finally {
        await job.close();
      }
    });

    it('made-up queries fill Redis with no tags', async () => {
      const [one] = await two();
      for (let query = 0; query < 20; query += 1) await read(one, `/cities?q=${query}`);
      const keys = (await redis.cli('KEYS', `${platform}${spaces}:*~u:*`)) as string[];
      expect(keys).toHaveLength(1);
    });

    it('a write is answered while Redis is not', async () => {
      const own = await startRedis();
      try {
        const app = await start({ redis: { url: own.url, deadline: 300 } });
        await store([app], '/cities/1');
        own.pause();
        expect(await write(app, 'PUT', '/cities/1')).toBe(200);
        own.resume();
        await own.kill();
        expect(await write(app, 'PUT', '/cities/1')).toBe(200);
      } finally {
        await own.stop();
      }
    });

    it('works in this process’s memory', async () => {
      const app = await start();
      const texts = await store([app], ...PATHS);
      expect(await write(app, 'PUT', '/cities/1')).toBe(200);
      expect(await lost(app, PATHS, texts)).toEqual(['/cities/1', '/cities/1?q=1']);
    });

    it('without tags in the store, routes are cached, and the log says that writes invalidate nothing', async () => {
      @Controller('towns')
      class Towns {
        @Get()
        @Cacheable('keyv')
        list() {
          return { run: (runs += 1) };
        }

        @Put()
        change() {
          return {};
        }
      }
      const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
      const app = await start({ controllers: [Towns], caches: { keyv: { store: new Keyv() } } });
      expect(warn.mock.calls.map(([message]) => message as unknown)).toContainEqual(
        expect.stringContaining('do not invalidate the responses in "keyv"'),
      );
      const texts = await store([app], '/towns');
      expect(await write(app, 'PUT', '/towns')).toBe(200);
      expect(await lost(app, ['/towns'], texts)).toEqual([]);
    });
  });
});
