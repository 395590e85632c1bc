import { describe, expect, it } from 'vitest';
import { parseCacheControl } from '../../../src/http/rule/cache-control.js';

const nothing = {
  noStore: false,
  noCache: false,
  private: false,
  public: false,
  mustRevalidate: false,
  proxyRevalidate: false,
  mustUnderstand: false,
  maxAge: undefined,
  sMaxage: undefined,
  staleWhileRevalidate: undefined,
  staleIfError: undefined,
};

describe('parseCacheControl', () => {
  it.each([
    [undefined, {}],
    ['', {}],
    ['immutable, no-transform', {}],
    ['public, must-revalidate', { public: true, mustRevalidate: true }],
    ['Proxy-Revalidate,must-understand', { proxyRevalidate: true, mustUnderstand: true }],
    ['stale-while-revalidate=30, stale-if-error=60', { staleWhileRevalidate: 30, staleIfError: 60 }],
    ['stale-if-error=60, stale-if-error=5', { staleIfError: 5 }],
    ['stale-while-revalidate=long', { staleWhileRevalidate: 0 }],
    ['no-store', { noStore: true }],
    ['No-Store', { noStore: true }],
    ['  private  ,max-age=5', { private: true, maxAge: 5 }],
    ['max-age=5,PRIVATE', { private: true, maxAge: 5 }],
    ['private="set-cookie, x-user", max-age=5', { private: true, maxAge: 5 }],
    ['no-cache="x"', { noCache: true }],
    ['max-age="60"', { maxAge: 60 }],
    ['max-age = 60', { maxAge: 60 }],
    ['s-maxage=10, max-age=20', { sMaxage: 10, maxAge: 20 }],
    ['max-age=60, max-age=10, max-age=30', { maxAge: 10 }],
    ['max-age=9999999999999', { maxAge: 2 ** 31 }],
    ['max-age=60; no-store', { maxAge: 60, noStore: true }],
    ['max-age="6\\0"', { maxAge: 60 }],
    ['ext="unclosed, private', { private: true }],
    ['"private", no-store', { noStore: true }],
    ['ext="a \\" b", private', { private: true }],
    ['= private', { private: true }],
  ])('reads %j', (text, expected) => {
    expect(parseCacheControl(text)).toEqual({ ...nothing, ...expected });
  });

  it.each([
    'x-private-ext',
    'private-ish',
    'not-no-store',
    'no-storex',
    'x-max-age=0',
    'ext="private, no-store"',
  ])('does not take %j for a directive', (text) => {
    expect(parseCacheControl(text)).toEqual(nothing);
  });

  it.each(['max-age', 'max-age=', 'max-age=-1', 'max-age=1.5', 'max-age=soon', 'max-age="'])(
    'counts %j as expired',
    (text) => {
      expect(parseCacheControl(text).maxAge).toBe(0);
    },
  );

  it('knows directives in any case (CVE-2026-8404)', () => {
    expect(parseCacheControl('PRIVATE').private).toBe(true);
    expect(parseCacheControl('No-StOrE').noStore).toBe(true);
    expect(parseCacheControl('MAX-AGE=0').maxAge).toBe(0);
  });

  it('takes a time that grows with the length of the text only', () => {
    const hostile = [
      '"\\'.repeat(200_000),
      'a '.repeat(200_000),
      '='.repeat(400_000),
      `a${' '.repeat(400_000)}`,
    ];
    for (const text of hostile) expect(parseCacheControl(`${text},private`).noStore).toBe(false);
  });

  it('reads several fields as one', () => {
    expect(parseCacheControl(['max-age=60', 'private'])).toEqual({ ...nothing, maxAge: 60, private: true });
  });
});
