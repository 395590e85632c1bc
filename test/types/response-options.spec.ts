import { Controller, Get, Param, type ExecutionContext } from '@nestjs/common';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { POLICY_OPTIONS, RESPONSE_CACHE_OPTIONS, RESPONSE_OPTIONS } from '../../src/di/response-options.js';
import {
  Cacheable,
  NoCache,
  RedisCacheModule,
  ResponseCacheContext,
  ResponseCacheCtx,
  type RedisCacheModuleOptions,
  type ResponseCacheOptions,
  type ResponseOptions,
  type ResponsePolicyOptions,
} from '../../src/index.js';

/** What a policy may say, written apart from where it is used. */
const pages: ResponsePolicyOptions = {
  ttl: '10m',
  vary: ['accept-language'],
  statuses: [404],
  stale: { error: '1h' },
};

@Controller()
@NoCache()
class Accepted {
  @Get(':id')
  @Cacheable({
    ttl: '1m',
    tags: ['page:{id}'],
    response: {
      policy: 'pages',
      varyByUser: (context) => context.switchToHttp().getRequest<{ user?: { id: number } }>().user?.id,
      cacheStatus: 'pages',
    },
  })
  find(@Param('id') id: string, @ResponseCacheCtx() cache: ResponseCacheContext): string {
    cache.tags('pages', id);
    cache.ttl(null);
    cache.noStore();
    return id;
  }

  @Get('other')
  @NoCache()
  other(): string {
    return '';
  }
}

function refused(): unknown[] {
  return [
    // @ts-expect-error the ttl of a route stands in @Cacheable itself
    Cacheable({ response: { ttl: '1m' } }),
    // @ts-expect-error a policy has a name
    Cacheable({ response: { policy: pages } }),
    // @ts-expect-error a user has an id
    Cacheable({ response: { varyByUser: () => ({ id: 1 }) } }),
    // @ts-expect-error headers are a list
    Cacheable({ response: { vary: 'accept' } }),
    // @ts-expect-error policies name no others
    RedisCacheModule.forRoot({ http: { policies: { pages: { policy: 'other' } } } }),
    // @ts-expect-error not a kind of routes
    RedisCacheModule.forRoot({ http: { routes: 'some' } }),
    // @ts-expect-error there is one for all routes
    Cacheable({ response: { routes: 'all' } }),
  ];
}

describe('the options of responses', () => {
  it('are typed', () => {
    expect([typeof Accepted, typeof refused]).toEqual(['function', 'function']);
    expect(RedisCacheModule.forRoot({ http: { routes: 'all', policies: { pages } } }).module).toBe(
      RedisCacheModule,
    );
    expectTypeOf<RedisCacheModuleOptions['http']>().toEqualTypeOf<ResponseCacheOptions | undefined>();
    expectTypeOf<NonNullable<ResponseOptions['key']>>().toEqualTypeOf<
      (context: ExecutionContext) => string
    >();
  });

  it('are checked by names that leave none out', () => {
    expectTypeOf<(typeof RESPONSE_OPTIONS)[number]>().toEqualTypeOf<keyof ResponseOptions>();
    expectTypeOf<(typeof POLICY_OPTIONS)[number]>().toEqualTypeOf<keyof ResponsePolicyOptions>();
    expectTypeOf<(typeof RESPONSE_CACHE_OPTIONS)[number]>().toEqualTypeOf<keyof ResponseCacheOptions>();
  });
});
