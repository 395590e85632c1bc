import {
  ClassSerializerInterceptor,
  Controller,
  Get,
  Injectable,
  Logger,
  Module,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR, ApplicationConfig, Reflector } from '@nestjs/core';
import { Exclude, Expose } from 'class-transformer';
import { map } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ResponseCacheInterceptor } from '../../../../src/http/response-cache.interceptor.js';
import { send } from '../http-client.js';
import { Cached, platforms, startApp, type ResponseApp, type ResponseAppOptions } from '../response-app.js';

let runs = 0;

class User {
  id = (runs += 1);

  @Exclude()
  password = 'secret';

  @Expose()
  get label() {
    return `user ${this.id}`;
  }
}

@Injectable()
class EnvelopeInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

@Controller()
class UserController {
  @Get('user')
  @Cached()
  user() {
    return new User();
  }
}

@Controller()
@UseInterceptors(ResponseCacheInterceptor)
class BoundController {
  @Get('bound')
  bound() {
    return { run: (runs += 1) };
  }

  @Get('inner')
  @UseInterceptors(EnvelopeInterceptor)
  inner() {
    return { run: (runs += 1) };
  }
}

@Controller()
@UseInterceptors(EnvelopeInterceptor)
class OuterController {
  @Get('outer')
  @UseInterceptors(ResponseCacheInterceptor)
  outer() {
    return { run: (runs += 1) };
  }
}

/** Puts its own interceptor in front after the response cache did. */
@Module({})
class PushyModule {
  constructor(readonly config: ApplicationConfig) {}

  configure() {
    this.config.getGlobalInterceptors().unshift(new EnvelopeInterceptor());
  }
}

describe('rule 18: the cache is the outermost interceptor', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ResponseApp | undefined;
    afterEach(async () => {
      await app?.close();
      vi.restoreAllMocks();
    });

    async function start(options: Partial<ResponseAppOptions>): Promise<ResponseApp> {
      runs = 0;
      app = await startApp({ platform, controllers: [UserController], ...options });
      return app;
    }

    async function twice(path: string): Promise<[string, string]> {
      const { url, storage } = app as ResponseApp;
      const first = await send(url, path);
      await storage.drain();
      return [first.text, (await send(url, path)).text];
    }

    it('excluded fields are neither in the response nor in a hit', async () => {
      await start({
        prepare: (nest) => nest.useGlobalInterceptors(new ClassSerializerInterceptor(nest.get(Reflector))),
      });
      const [miss, hit] = await twice('/user');
      expect(JSON.parse(miss)).toEqual({ id: 1, label: 'user 1' });
      expect(hit).toBe(miss);
    });

    it("the cache stands outside of the root module's and of added global interceptors", async () => {
      const { ordered } = await start({
        providers: [{ provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor }],
        prepare: (nest) => nest.useGlobalInterceptors(new ClassSerializerInterceptor(nest.get(Reflector))),
      });
      expect(ordered).toBe(true);
      const [miss, hit] = await twice('/user');
      expect(JSON.parse(miss)).toEqual({ data: { id: 1, label: 'user 1' } });
      expect(hit).toBe(miss);
    });

    it('an interceptor that forces itself in front is found at start, and nothing is cached', async () => {
      const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
      const { ordered } = await start({ imports: [PushyModule] });
      expect(ordered).toBe(false);
      expect(error.mock.calls.flat().join('\n')).toContain(
        'EnvelopeInterceptor runs before the response cache',
      );
      const [first, second] = await twice('/user');
      expect([first, second].map((text) => (JSON.parse(text) as { data: { id: number } }).data.id)).toEqual([
        1, 2,
      ]);
    });

    it('by @UseInterceptors it caches routes without @Cacheable, once', async () => {
      await start({ controllers: [BoundController] });
      expect(await twice('/bound')).toEqual(['{"run":1}', '{"run":1}']);
      expect(await twice('/inner')).toEqual(['{"data":{"run":2}}', '{"data":{"run":2}}']);
      // The one in front of all others has done the work: the bound one looked nothing up.
      expect(app?.cache.namespace('http-responses').stats()).toMatchObject({ misses: 2, hits: 2, writes: 2 });
    });

    it('by @UseInterceptors alone it caches where nothing stands around it', async () => {
      await start({ controllers: [BoundController, OuterController], install: false });
      expect(await twice('/bound')).toEqual(['{"run":1}', '{"run":1}']);
      expect(await twice('/inner')).toEqual(['{"data":{"run":2}}', '{"data":{"run":2}}']);
      expect(await twice('/outer')).toEqual(['{"data":{"run":3}}', '{"data":{"run":4}}']);
    });
  });
});
