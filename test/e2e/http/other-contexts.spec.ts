import { type CallHandler, type ExecutionContext } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { lastValueFrom, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { ResponseCacheInterceptor } from '../../../src/http/response-cache.interceptor.js';
import { ResponseStorage } from '../../../src/http/engine/response-storage.js';
import { installResponseCache } from '../../../src/http/route/interceptor-order.js';
import { testCache } from './memory-cache.js';
import { plainPolicies } from './response-app.js';
import { Cached } from './response-app.js';
import { NEVER_STALE } from '../../../src/cache/stale-options.js';

class Resolver {
  @Cached()
  cities() {
    return [];
  }
}

describe('contexts other than HTTP', () => {
  it.each(['graphql', 'rpc', 'ws'])('%s passes the response cache untouched', async (type) => {
    const config = new ApplicationConfig();
    const touched: string[] = [];
    const cacheOf = (name: string) => {
      touched.push(name);
      return testCache(name, null);
    };
    const storage = new ResponseStorage({
      cacheOf,
      defaultsOf: () => ({ ttl: null, stale: NEVER_STALE, takesTags: true }),
      clock: systemClock,
    });
    const interceptor = new ResponseCacheInterceptor(storage, config, plainPolicies());
    installResponseCache(config, interceptor);
    const refuse = new Proxy({}, { get: (_target, name) => expect.fail(`${String(name)} was read`) });
    const args = [refuse, refuse, refuse];
    const context = new ExecutionContextHost(args, Resolver, Resolver.prototype.cities) as ExecutionContext;
    (context as ExecutionContextHost).setType(type);
    const answer = of('own');
    const next: CallHandler = { handle: () => answer };
    const given = interceptor.intercept(context, next);
    expect(given).toBe(answer);
    expect(await lastValueFrom(answer)).toBe('own');
    expect(touched).toEqual([]);
  });
});
