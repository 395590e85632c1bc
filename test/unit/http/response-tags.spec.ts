import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkTag, tagsArgument } from '../../../src/cache/check-tags.js';
import {
  pathSegments,
  routeParamsTag,
  routeTag,
  urlTag,
} from '../../../src/http/invalidation/response-tags.js';

const BUCKETS = 16_384;

describe('tags of responses', () => {
  const tags = [urlTag('/a'), routeTag('Pages.one'), routeParamsTag('Pages.one', { id: '1' })];

  it('may be invalidated, and cannot be an application’s', () => {
    expect(tagsArgument(tags)).toEqual(tags);
    for (const tag of tags) expect(() => checkTag(tag)).toThrow('must not begin with "~"');
  });

  it('stay what they are: other processes have stored them', () => {
    expect(tags).toEqual(['~u:15070', '~r:UClUYSvPPoTxNGywQgnofg', '~p:9762']);
  });
});

describe('urlTag', () => {
  it('is one for all queries of a path', () => {
    expect(urlTag('/cities?q=1')).toBe(urlTag('/cities'));
    expect(urlTag('/cities?a=/b#c')).toBe(urlTag('/cities'));
  });

  it.each(['/Cities/1', '/cities/1/', '//cities//1', '/%63ities/1', '/cities/1/?x'])(
    'is one for /cities/1 and %s, which a router may take for the same',
    (other) => {
      expect(urlTag(other)).toBe(urlTag('/cities/1'));
    },
  );

  it('tells paths apart by their segments, not by how these run together', () => {
    const paths = ['/', '/a', '/b', '/ab', '/a/b', '/a/bc', '/ab/c', '/a%2Fb', '/s1:a', '/%', '/%2'];
    expect(new Set(paths.map(urlTag)).size).toBe(paths.length);
  });

  it('is one of 16,384 buckets, evenly, whatever a path holds', () => {
    const found = new Map<string, number>();
    for (let number = 0; number < 4 * BUCKETS; number += 1) {
      const tag = urlTag(`/cities/${number}`);
      found.set(tag, (found.get(tag) ?? 0) + 1);
    }
    // With 4 paths to a bucket on average, 1.8 % of the buckets are empty.
    expect(found.size).toBeGreaterThan(0.97 * BUCKETS);
    expect(found.size).toBeLessThanOrEqual(BUCKETS);
    expect(Math.max(...found.values())).toBeLessThan(24);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (path) => {
        const [, bucket] = /^~u:(\d+)$/.exec(urlTag(`/${path}`)) ?? [];
        expect(Number(bucket)).toBeLessThan(BUCKETS);
      }),
    );
  });
});

describe('pathSegments', () => {
  it('decodes each segment for itself, and leaves a malformed escape alone', () => {
    expect(pathSegments('/A%2FB/%E4%BA%AC/%zz//?q=/x')).toEqual(['a/b', '京', '%zz']);
    expect(pathSegments('/')).toEqual([]);
  });
});

describe('routeTag', () => {
  it('differs for every route and is short', () => {
    const routes = ['Pages.one', 'Pages.two', 'Page.sone', 'Pages.one.'];
    expect(new Set(routes.map(routeTag)).size).toBe(routes.length);
    expect(routeTag('x'.repeat(1_000))).toMatch(/^~r:[\w-]{22}$/);
  });
});

describe('routeParamsTag', () => {
  it('differs by route, names and values, however they run together', () => {
    const tags = [
      routeParamsTag('Pages.one', {}),
      routeParamsTag('Pages.one', { id: '1' }),
      routeParamsTag('Pages.two', { id: '1' }),
      routeParamsTag('Pages.one', { id: '' }),
      routeParamsTag('Pages.one', { i: 'd1' }),
      routeParamsTag('Pages.one', { id: '1', a: 'b' }),
      routeParamsTag('Pages.one', { id: ['1'] }),
      routeParamsTag('Pages.one', { id: ['1', '2'] }),
      routeParamsTag('Pages.one', { id: ['12'] }),
      routeParamsTag('Pages.one', { id: 's1:1' }),
      routeParamsTag('Pages.ones2:id', { one: '1' }),
    ];
    expect(new Set(tags).size).toBe(tags.length);
    for (const tag of tags) expect(tag).toMatch(/^~p:\d{1,5}$/);
  });

  it('does not depend on the order of parameters, or on those that are absent', () => {
    expect(routeParamsTag('Pages.one', { b: '2', a: '1', c: undefined })).toBe(
      routeParamsTag('Pages.one', { a: '1', b: '2' }),
    );
  });
});
