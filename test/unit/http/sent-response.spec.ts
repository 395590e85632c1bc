import { describe, expect, it } from 'vitest';
import { asSent, sentCacheControl, sentVary } from '../../../src/http/rule/sent-response.js';
import type { StoredHeader, StoredResponse } from '../../../src/http/rule/stored-response.js';
import { headersPolicy, policyOf } from './policies.js';

const createdAt = Date.UTC(2030, 0, 1);
const stored = (headers: readonly StoredHeader[]): StoredResponse => ({
  status: 200,
  createdAt,
  expiresAt: Infinity,
  headers,
  selected: [],
  body: Buffer.from('x'),
});
const header = (name: string, value: string | string[]): StoredHeader => ({ name, value });
const sent = (headers: readonly StoredHeader[], policy = policyOf(), elapsed = 10_999) =>
  asSent(stored(headers), { now: createdAt + elapsed, policy }).headers;

describe('a stored response, where the route decides', () => {
  it('leaves as if it were made now, but for what is left of its max-age', () => {
    const headers = [
      header('ETag', '"1"'),
      header('cache-control', 'public, max-age=60, s-maxage=5'),
      header('Date', 'Tue, 01 Jan 2030 00:00:00 GMT'),
      header('Link', ['</a>', '</b>']),
    ];
    expect(sent(headers)).toEqual([
      header('ETag', '"1"'),
      header('cache-control', 'public, max-age=50, s-maxage=0'),
      header('Link', ['</a>', '</b>']),
    ]);
  });

  it('leaves as it is where it says nothing of caches', () => {
    expect(sent([])).toEqual([]);
    expect(sent([header('X', '1')])).toEqual([header('X', '1')]);
  });

  it('is not made younger by a clock that goes back', () => {
    expect(sent([header('Cache-Control', 'max-age=60')], policyOf(), -5_000)).toEqual([
      header('Cache-Control', 'max-age=60'),
    ]);
  });

  it('tells others what the policy says, where the handler says nothing', () => {
    const policy = policyOf({ cacheControl: 'public, max-age=30' });
    expect(sent([], policy)).toEqual([header('Cache-Control', 'public, max-age=30')]);
    expect(sent([header('Cache-Control', [])], policy)).toEqual([
      header('Cache-Control', 'public, max-age=30'),
    ]);
    expect(sent([header('Cache-Control', 'max-age=60')], policy)).toEqual([
      header('Cache-Control', 'max-age=50'),
    ]);
    const expires = header('Expires', 'Tue, 01 Jan 2030 01:00:00 GMT');
    expect(sent([expires], policy)).toEqual([expires]);
  });

  it("is private when it is one user's own", () => {
    const policy = policyOf({ audience: 'user' });
    expect(sent([], policy)).toEqual([header('Cache-Control', 'private')]);
    expect(sent([header('Cache-Control', 'Public, max-age=60, S-MaxAge = 9')], policy)).toEqual([
      header('Cache-Control', 'private, max-age=50'),
    ]);
    expect(sent([header('Cache-Control', 'max-age=60, Private')], policy)).toEqual([
      header('Cache-Control', 'max-age=50, Private'),
    ]);
  });

  it('says by which request headers the policy tells responses apart', () => {
    const policy = policyOf({ vary: ['accept-language', 'x-tenant'] });
    expect(sent([], policy)).toEqual([header('Vary', 'accept-language, x-tenant')]);
    expect(sent([header('vary', 'X-Tenant, Origin')], policy)).toEqual([
      header('vary', 'X-Tenant, Origin, accept-language'),
    ]);
    expect(sent([header('vary', ['X-Tenant', 'Origin'])], policy)).toEqual([
      header('vary', 'X-Tenant, Origin, accept-language'),
    ]);
  });
});

describe('a stored response, where the headers decide', () => {
  it('leaves with its age and the date it was made at', () => {
    expect(sent([header('Cache-Control', 'max-age=60')], headersPolicy())).toEqual([
      header('Cache-Control', 'max-age=60'),
      header('Age', '10'),
      header('Date', 'Tue, 01 Jan 2030 00:00:00 GMT'),
    ]);
  });

  it('leaves with the date of who made it', () => {
    const date = header('Date', 'Mon, 31 Dec 2029 00:00:00 GMT');
    expect(sent([date], headersPolicy(), 0)).toEqual([date, header('Age', '0')]);
  });
});

describe('what is told others of any response', () => {
  it('is what asSent tells', () => {
    const policy = policyOf({ cacheControl: 'public, max-age=9', vary: ['x-a'] });
    expect(sentCacheControl(undefined, policy)).toBe('public, max-age=9');
    expect(sentCacheControl('no-store', policy)).toBe('no-store');
    expect(sentCacheControl(undefined, { ...policy, audience: 'user' })).toBe('private, max-age=9');
    expect(sentCacheControl('no-store, ext="a, public"', { ...policy, audience: 'user' })).toBe(
      'private, no-store, ext="a, public"',
    );
    expect(sentCacheControl(undefined, policyOf())).toBeUndefined();
    expect(sentVary('*', policy)).toBe('*');
    expect(sentVary(undefined, policyOf())).toBeUndefined();
  });
});
