import { describe, expect, it } from 'vitest';
import { cacheStatus } from '../../../src/http/rule/cache-status.js';

describe('Cache-Status (RFC 9211)', () => {
  it.each([
    ['pages', { hit: true, ttl: 376_900 }, 'pages; hit; ttl=376'],
    ['pages', { hit: true, ttl: -412_000 }, 'pages; hit; ttl=-412'],
    ['pages', { hit: true, ttl: null }, 'pages; hit'],
    ['pages', { forwarded: 'uri-miss', stored: true }, 'pages; fwd=uri-miss; stored'],
    ['pages', { forwarded: 'vary-miss', collapsed: true }, 'pages; fwd=vary-miss; collapsed'],
    ['pages', { forwarded: 'stale', stored: false, ttl: 5_000 }, 'pages; fwd=stale; ttl=5'],
    ['pages', { forwarded: 'bypass', detail: 'cookie' }, 'pages; fwd=bypass; detail=cookie'],
    [
      'pages',
      { forwarded: 'bypass', detail: 'the "sid" cookie' },
      String.raw`pages; fwd=bypass; detail="the \"sid\" cookie"`,
    ],
    ['pages', { hit: true, key: 'r:a' }, 'pages; hit; key="r:a"'],
    ['cache.example.com:80/a', { hit: true }, 'cache.example.com:80/a; hit'],
    ['my cache', { hit: true }, '"my cache"; hit'],
    ['1st', { hit: true }, '"1st"; hit'],
    ['', { hit: true }, '""; hit'],
    [String.raw`a\b`, { hit: true }, String.raw`"a\\b"; hit`],
  ] as const)('of %j with %j is %j', (name, outcome, expected) => {
    expect(cacheStatus(name, outcome)).toBe(expected);
  });

  it('is no way to add a header or a member', () => {
    expect(cacheStatus('a\r\nb, c; hit', { forwarded: 'bypass', detail: 'é\n", x; hit' })).toBe(
      String.raw`"a??b, c; hit"; fwd=bypass; detail="??\", x; hit"`,
    );
  });
});
