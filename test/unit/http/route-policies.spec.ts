import { All, Controller, Get, Post, RequestMethod, type Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import type { ResponseCacheOptions } from '../../../src/di/response-options.js';
import { NoCache } from '../../../src/http/route/no-cache.decorator.js';
import { resolveResponseCache } from '../../../src/http/policy/resolve-response-cache.js';
import { MODULE_POLICY } from '../../../src/http/policy/resolve-response-policy.js';
import { RoutePolicies } from '../../../src/http/route/route-policies.js';

const byTenant = () => 'tenant';
const byUser = () => 1;

@Controller()
class Pages {
  @Get('plain')
  plain() {
    return {};
  }

  @Get('decorated')
  @Cacheable()
  decorated() {
    return {};
  }

  @Get('all')
  @Cacheable({
    cache: 'stale',
    ttl: '2m',
    response: { policy: 'tenant', vary: ['x-b'], stale: { error: '5m' } },
  })
  all() {
    return {};
  }

  @Get('fixed')
  @Cacheable({ key: 'fixed', ttl: null, response: { policy: 'tenant' } })
  fixed() {
    return {};
  }

  @Get('mine')
  @Cacheable({ cache: 'stale', response: { varyByUser: byUser } })
  mine() {
    return {};
  }

  @Get('excluded')
  @NoCache()
  excluded() {
    return {};
  }

  @Post('post')
  post() {
    return {};
  }

  @All('any')
  any() {
    return {};
  }
}

@Controller()
@NoCache()
class Private {
  @Get()
  plain() {
    return {};
  }

  @Get('decorated')
  @Cacheable()
  decorated() {
    return {};
  }
}

const NEVER = { revalidate: 0, error: 0 };
const STALE = { revalidate: 60_000, error: 120_000 };
const TENANT = { key: byTenant, ttl: '1m', vary: ['x-a'], strict: true };

function policiesOf(http: ResponseCacheOptions = {}): RoutePolicies {
  const settings = resolveResponseCache({ policies: { tenant: TENANT }, ...http }, 'http');
  return new RoutePolicies(settings, {
    has: () => true,
    names: () => ['default', 'stale'],
    staleOf: (cache) => (cache === 'stale' ? STALE : NEVER),
    takesTags: () => true,
  });
}

const handlerOf = (name: keyof Pages) => Pages.prototype[name];
const policyOf = (name: keyof Pages, http?: ResponseCacheOptions) =>
  policiesOf(http).of(Pages, handlerOf(name));

describe('the policy of a route', () => {
  it('is that of the module, with the stale options of its cache, where the route says nothing', () => {
    const plain = { ...MODULE_POLICY, stale: NEVER };
    expect(policyOf('plain')).toEqual(plain);
    expect(policyOf('decorated')).toEqual(plain);
    expect(policyOf('plain', { cache: 'stale' })).toEqual({ ...plain, stale: STALE });
    expect(policyOf('decorated', { ttl: '5m', strict: true })).toEqual({
      ...plain,
      ttl: 300_000,
      strict: true,
    });
  });

  it('is what the route says, then its policy, then the module, then its cache', () => {
    expect(policyOf('all', { ttl: '9m', vary: ['x-c'], wait: 5 })).toEqual({
      ...MODULE_POLICY,
      key: byTenant,
      ttl: 120_000,
      vary: ['x-b'],
      strict: true,
      stale: { revalidate: 60_000, error: 300_000 },
      wait: 5,
    });
  });

  it('has the key and the ttl of @Cacheable before those of its policy', () => {
    expect(policyOf('fixed')).toMatchObject({ key: 'fixed', ttl: null, strict: true });
  });

  it('never renews in the background what is one user’s, or made by a controller for one request', () => {
    expect(policyOf('mine')).toMatchObject({ audience: 'user', stale: { revalidate: 0, error: 120_000 } });
    const policies = policiesOf({ cache: 'stale' });
    const where = { method: RequestMethod.GET, paths: ['/plain'] };
    const route = { controller: Pages, handler: handlerOf('plain'), name: 'Pages.plain', ...where };
    policies.start([{ ...route, perRequest: false }]);
    expect(policies.of(Pages, handlerOf('plain')).stale).toEqual(STALE);
    policies.start([
      { ...route, perRequest: true },
      { ...route, perRequest: false },
    ]);
    expect(policies.of(Pages, handlerOf('plain')).stale).toEqual({ revalidate: 0, error: 120_000 });
  });

  it('is made once', () => {
    const policies = policiesOf();
    expect(policies.of(Pages, handlerOf('all'))).toBe(policies.of(Pages, handlerOf('all')));
  });
});

describe('the responses of a route are asked for', () => {
  const wanted = (http: ResponseCacheOptions, bound = false, controller: Type = Pages): string[] => {
    const policies = policiesOf(http);
    const { prototype } = controller as { prototype: Record<string, object> };
    return Object.getOwnPropertyNames(prototype).filter(
      (name) => name !== 'constructor' && policies.wants(controller, prototype[name] as object, bound),
    );
  };

  it('by its @Cacheable', () => {
    expect(wanted({})).toEqual(['decorated', 'all', 'fixed', 'mine']);
  });

  it('with `routes: all` for every GET, but where @NoCache stands', () => {
    expect(wanted({ routes: 'all' })).toEqual(['plain', 'decorated', 'all', 'fixed', 'mine']);
    expect(wanted({ routes: 'all' }, false, Private)).toEqual(['decorated']);
  });

  it('by the interceptor that is bound to it, but where @NoCache stands', () => {
    expect(wanted({}, true)).toEqual(['plain', 'decorated', 'all', 'fixed', 'mine', 'post', 'any']);
    expect(wanted({}, true, Private)).toEqual(['decorated']);
  });

  it('of its own cache, or that of all others', () => {
    const policies = policiesOf({ cache: 'stale' });
    expect(policies.cacheOf(handlerOf('plain'))).toBe('stale');
    expect(policies.cacheOf(handlerOf('decorated'))).toBe('default');
  });
});
