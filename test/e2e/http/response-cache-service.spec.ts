import { All, Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Keyv } from 'keyv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NamedCache } from '../../../src/cache/named-cache.js';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import { CacheRegistry } from '../../../src/di/cache-registry.js';
import { InvalidOptionsError, UnknownCacheError } from '../../../src/errors.js';
import { ResponseCache } from '../../../src/http/invalidation/response-cache.service.js';
import { routeParamsTag, routeTag, urlTag } from '../../../src/http/invalidation/response-tags.js';
import { RedisCacheModule } from '../../../src/module/redis-cache.module.js';

class Inherited {
  @Get('inherited')
  inherited() {
    return {};
  }
}

@Controller(['cities', 'towns'])
class Cities extends Inherited {
  @Get(':id/streets/:street')
  @Cacheable('pages')
  street() {
    return {};
  }

  @All(['plain/:id', 'either{/:option}', 'files/*rest'])
  plain() {
    return {};
  }

  @Post()
  @Cacheable({ cache: 'missing' })
  elsewhere() {
    return {};
  }

  notRouted() {
    return {};
  }
}

/** A process without HTTP that declares the caches, such as a job. */
@Module({
  imports: [RedisCacheModule.forRoot({ caches: { pages: {}, keyv: { store: new Keyv() } } })],
  providers: [ResponseCache],
})
class Job {}

describe('ResponseCache', () => {
  let responses: ResponseCache;
  let caches: Record<'default' | 'pages' | 'keyv', NamedCache>;
  let close: () => Promise<void>;

  beforeEach(async () => {
    const app = await NestFactory.createApplicationContext(Job, { logger: false });
    const registry = app.get(CacheRegistry);
    responses = app.get(ResponseCache);
    const get = (name: string) => registry.get(name);
    caches = { default: get('default'), pages: get('pages'), keyv: get('keyv') };
    close = () => app.close();
  });
  afterEach(() => close());

  /** Which caches have lost a response with a tag by what is done. */
  async function lost(tag: string, invalidate: () => Promise<void>): Promise<string[]> {
    const parts = [caches.default, caches.pages].map((cache) => cache.namespace('http-responses'));
    for (const part of parts) {
      const reservation = await part.reserve('page', [tag], true);
      await reservation?.put({ value: 'a page', ttl: null, grace: 0, tags: [tag] });
      expect(await part.get('page')).toBe('a page');
    }
    await invalidate();
    const left = await Promise.all(parts.map((part) => part.get('page')));
    return ['default', 'pages'].filter((_name, index) => left[index] === undefined);
  }

  it('invalidates the responses of a URL in all caches that know tags', async () => {
    const tag = urlTag('/cities/1');
    for (const url of ['/cities/1', '/cities/1?q=2', '/Cities/1/', 'https://any.example/cities/1?q']) {
      expect(await lost(tag, () => responses.invalidateUrl(url))).toEqual(['default', 'pages']);
    }
    expect(await lost(tag, () => responses.invalidateUrl('/cities/2'))).toEqual([]);
  });

  it('invalidates all responses of a route, or those for its parameters', async () => {
    const params = { id: '1', street: 'main' };
    const all = routeTag('Cities.street');
    const one = routeParamsTag('Cities.street', params);
    expect(await lost(all, () => responses.invalidateRoute(Cities, 'street'))).toEqual(['pages']);
    expect(await lost(one, () => responses.invalidateRoute(Cities, 'street', params))).toEqual(['pages']);
    expect(await lost(all, () => responses.invalidateRoute(Cities, 'street', params))).toEqual([]);
    const other = { ...params, street: 'other' };
    expect(await lost(one, () => responses.invalidateRoute(Cities, 'street', other))).toEqual([]);
  });

  it('invalidates a route in all caches where nothing says which one it is', async () => {
    for (const method of ['plain', 'inherited']) {
      const tag = routeTag(`Cities.${method}`);
      expect(await lost(tag, () => responses.invalidateRoute(Cities, method))).toEqual(['default', 'pages']);
    }
  });

  it('invalidates tags in all caches, or in one', async () => {
    expect(await lost('city', () => responses.invalidateTags('city'))).toEqual(['default', 'pages']);
    expect(await lost('city', () => responses.invalidateTags(['x', 'city'], { cache: 'pages' }))).toEqual([
      'pages',
    ]);
  });

  it.each([
    ['streets', 'pathOrUrl: must be a path'],
    ['mailto:a@b', 'pathOrUrl: must be a path'],
    ['https://', 'pathOrUrl: must be a path'],
    [undefined, 'pathOrUrl: must be a path'],
  ])('refuses the URL %j', async (url, message) => {
    await expect(responses.invalidateUrl(url as string)).rejects.toThrow(message);
  });

  it('refuses a route that is none, and parameters that are not all of its path', async () => {
    const refused = async (...args: unknown[]) => {
      const error: unknown = await responses
        .invalidateRoute(...(args as Parameters<ResponseCache['invalidateRoute']>))
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidOptionsError);
      return (error as InvalidOptionsError).path;
    };
    expect(await refused(undefined, 'street')).toBe('controller');
    expect(await refused(Cities, 'notRouted')).toBe('method');
    expect(await refused(Cities, 'nothing')).toBe('method');
    expect(await refused(Cities, 'street', { id: '1' })).toBe('params.street');
    expect(await refused(Cities, 'street', {})).toBe('params.id');
    expect(await refused(Cities, 'street', 'id')).toBe('params');
    // One of its paths needs no parameter.
    await responses.invalidateRoute(Cities, 'plain', {});
    await expect(responses.invalidateRoute(Cities, 'elsewhere')).rejects.toThrow(UnknownCacheError);
  });

  it('refuses tags that are none, and a cache that does not know any', async () => {
    await expect(responses.invalidateTags([''])).rejects.toThrow('tags: a tag must be a string');
    await expect(responses.invalidateTags('a', { cache: 'keyv' })).rejects.toThrow(InvalidOptionsError);
    await expect(responses.invalidateTags('a', { cache: 'other' })).rejects.toThrow(UnknownCacheError);
    await expect(responses.invalidateTags('a', { caches: 'pages' } as object)).rejects.toThrow('caches');
  });
});
