import { describe, expect, it } from 'vitest';
import { mayServe, mayServeStale } from '../../../src/http/rule/stored-admission.js';
import type { StoredResponse } from '../../../src/http/rule/stored-response.js';
import { factsOf, headersPolicy, policyOf } from './policies.js';

const stored = (cacheControl?: string, status = 200): StoredResponse => ({
  status,
  createdAt: 0,
  expiresAt: Infinity,
  headers: cacheControl === undefined ? [] : [{ name: 'Cache-Control', value: cacheControl }],
  selected: [],
  body: null,
});

describe('a stored response', () => {
  const somebody = [
    factsOf({ authorization: 'x' }),
    factsOf({}, { identified: true }),
    factsOf({}, { hasSession: true }),
  ];

  it('is given to anybody without credentials', () => {
    expect(mayServe(stored(), factsOf({ cookie: 'a=1' }), policyOf())).toBe(true);
    expect(mayServe(stored('max-age=9'), factsOf({ cookie: 'a=1' }), headersPolicy())).toBe(true);
  });

  it('is given to requests with credentials where the headers say so', () => {
    for (const facts of somebody) {
      for (const directive of ['public', 's-maxage=9', 'must-revalidate']) {
        expect(mayServe(stored(directive), facts, headersPolicy())).toBe(true);
      }
      expect(mayServe(stored('max-age=9'), facts, headersPolicy())).toBe(false);
      expect(mayServe(stored(), facts, headersPolicy())).toBe(false);
      expect(mayServe(stored('public'), facts, policyOf())).toBe(false);
    }
  });

  it("is given to requests with credentials where it is everybody's, or their own", () => {
    for (const facts of somebody) {
      for (const audience of ['everybody', 'user'] as const) {
        expect(mayServe(stored(), facts, policyOf({ audience }))).toBe(true);
        expect(mayServe(stored(), facts, headersPolicy({ audience }))).toBe(true);
      }
    }
  });

  it('that says no-cache is given to nobody before its handler has called it right', () => {
    expect(mayServe(stored('no-cache'), factsOf(), policyOf())).toBe(false);
    expect(mayServe(stored('public, No-Cache="x"'), factsOf(), headersPolicy())).toBe(false);
  });
});

describe('a stale response', () => {
  const policy = policyOf({ stale: { revalidate: 5_000, error: 9_000 } });

  it('is served for as long as the policy says', () => {
    expect(mayServeStale(stored(), 4_999, 'revalidate', policy)).toBe(true);
    expect(mayServeStale(stored(), 5_000, 'revalidate', policy)).toBe(false);
    expect(mayServeStale(stored(), 8_999, 'error', policy)).toBe(true);
    expect(mayServeStale(stored('stale-if-error=2'), 2_000, 'error', policy)).toBe(false);
    expect(mayServeStale(stored(), 0, 'error', policyOf())).toBe(false);
  });

  it.each(['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=1'])(
    'is not served with %s',
    (directive) => {
      for (const mode of ['policy', 'headers'] as const) {
        const cacheControl = `stale-while-revalidate=9, stale-if-error=9, ${directive}`;
        expect(mayServeStale(stored(cacheControl), 0, 'revalidate', { ...policy, mode })).toBe(false);
        expect(mayServeStale(stored(cacheControl), 0, 'error', { ...policy, mode })).toBe(false);
      }
    },
  );

  it('is not served when it is an error of the server; a 404 is none', () => {
    expect(mayServeStale(stored(undefined, 500), 0, 'error', policy)).toBe(false);
    expect(mayServeStale(stored(undefined, 404), 0, 'error', policy)).toBe(true);
  });
});
