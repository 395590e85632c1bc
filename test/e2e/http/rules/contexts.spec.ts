import { Injectable, type CallHandler, type ExecutionContext } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { lastValueFrom, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { ResponseCacheInterceptor } from '../../../../src/http/response-cache.interceptor.js';
import { counter } from '../routes.js';
import { appsOn, platforms } from './rule-app.js';

let runs = 0;

@Injectable()
class Resolver {
  @Cacheable({ key: 'cities' })
  async cities() {
    return { run: (runs += 1) };
  }
}

const TYPES = ['graphql', 'rpc', 'ws'];

describe('rule 1: what is not HTTP passes the response cache untouched', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    it.each(TYPES)('%s: nothing of it is read, and it gets what its handler gives', async (type) => {
      const { app, cache } = await start(counter(), { http: { routes: 'all' } });
      const interceptor = app.get(ResponseCacheInterceptor);
      const refuse = new Proxy({}, { get: (_target, name) => expect.fail(`${String(name)} was read`) });
      const context = new ExecutionContextHost([refuse, refuse, refuse], Resolver, Resolver.prototype.cities);
      context.setType(type);
      const answer = of('own');
      const next: CallHandler = { handle: () => answer };
      expect(interceptor.intercept(context as ExecutionContext, next)).toBe(answer);
      expect(await lastValueFrom(answer)).toBe('own');
      expect(cache().namespace('http-responses').stats()).toMatchObject({ hits: 0, misses: 0, writes: 0 });
    });

    it.each(TYPES)('%s: @Cacheable on its method keeps what the method gives', async (type) => {
      runs = 0;
      const { app, cache, lives } = await start(counter(), { providers: [Resolver] });
      const resolver = app.get(Resolver);
      // As the modules for other protocols have methods of providers called.
      const call = app
        .get(ExternalContextCreator)
        .create(
          resolver,
          resolver.cities.bind(resolver),
          'cities',
          undefined,
          undefined,
          undefined,
          undefined,
          undefined,
          type,
        );
      expect([await call(), await call()]).toEqual([{ run: 1 }, { run: 1 }]);
      expect(await cache().get('cities')).toEqual({ run: 1 });
      expect(await lives()).toEqual([]);
    });
  });
});
