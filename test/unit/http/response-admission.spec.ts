import { describe, expect, it } from 'vitest';
import { headerFields } from '../../../src/http/rule/header-fields.js';
import type { ResponsePolicy } from '../../../src/http/policy/response-policy.js';
import {
  asMade,
  lifetimeOf,
  refuseHead,
  refuseResponse,
  withSentControl,
  type MadeResponse,
} from '../../../src/http/rule/response-admission.js';
import { factsOf, headersPolicy, policyOf } from './policies.js';

type Raw = Record<string, string | string[]>;

function refuse(fields: Raw, more: Partial<MadeResponse> = {}, policy = policyOf(), facts = factsOf()) {
  const read = headerFields(fields);
  const made = { status: 200, fields: read, added: read, addedVary: [], bodyBytes: 1, ...more };
  return refuseResponse(made, facts, policy);
}

const outside = { added: headerFields({}) };
const MODES = [
  ['the route', policyOf()],
  ['the headers', headersPolicy()],
] as const;

describe.each(MODES)('a response, where %s decides', (_, policy) => {
  it.each([
    {},
    { 'Content-Type': 'text/plain', 'Cache-Control': 'public, max-age=1' },
    { 'Access-Control-Allow-Origin': '*' },
    { Vary: 'Accept-Language, Cookie' },
    { 'Cache-Control': 'x-private-ext, not-no-store' },
    { 'Cache-Control': 'no-cache', ETag: '"1"' },
    { 'Content-Encoding': 'identity' },
  ])('with %j may be stored', (fields) => {
    expect(refuse(fields, {}, policy)).toBeUndefined();
  });

  it.each([
    ['Set-Cookie', 'theme=dark'],
    ['Trailer', 'Expires'],
    ['Cache-Control', 'no-store'],
    ['Cache-Control', 'private'],
    ['Cache-Control', 'private="set-cookie"'],
    ['Cache-Control', 'no-cache'],
    ['Cache-Control', 'no-cache="x"'],
    ['Content-Encoding', 'gzip'],
  ])('with %s: %s may not, whoever set it', (name, value) => {
    expect(refuse({ [name]: value }, {}, policy)).toContain(name === 'Cache-Control' ? name : '');
    expect(refuse({ [name]: value }, outside, policy)).toBeDefined();
  });

  it('with Vary: * may not (CVE-2026-6907)', () => {
    for (const Vary of ['*', ' * ', 'Accept, *', ['Accept', '*']]) {
      expect(refuse({ Vary }, {}, policy)).toBe('Vary: *');
      expect(refuse({ Vary }, outside, policy)).toBe('Vary: *');
      expect(refuseHead(200, headerFields({ Vary }), factsOf(), policy)).toBe('Vary: *');
    }
  });

  it('with a cookie of a session on a public page may not (CVE-2026-35192)', () => {
    const everybody = { ...policy, audience: 'everybody' } as const;
    const fields = headerFields({ 'Cache-Control': 'public, max-age=60', 'Set-Cookie': ['sid=1', 'b=2'] });
    expect(refuse({ 'Cache-Control': 'public', 'Set-Cookie': 'sid=1' }, {}, everybody)).toContain(
      'set-cookie',
    );
    expect(refuseHead(200, fields, factsOf(), everybody)).toContain('set-cookie');
    expect(refuseHead(304, fields, factsOf(), everybody)).toContain('set-cookie');
  });

  it('with a cookie of a session may not, though it lacks Vary: Cookie (CVE-2023-30861)', () => {
    const facts = factsOf({ cookie: 'session=of-another-kind' });
    const head = headerFields({ 'Cache-Control': 'max-age=60', 'Set-Cookie': 'session=renewed' });
    expect(refuseHead(200, head, facts, policy)).toContain('set-cookie');
  });

  it('knows directives in any case (CVE-2026-8404)', () => {
    for (const directive of ['Private', 'NO-STORE', 'pRiVaTe="x"', 'No-Cache']) {
      expect(refuse({ 'Cache-Control': `max-age=60, ${directive}` }, {}, policy)).toContain('Cache-Control');
    }
  });

  it.each([103, 206, 304])('of the status %d may not', (status) => {
    expect(refuse({ 'Cache-Control': 'max-age=60' }, { status }, policy)).toBe(`the status ${status}`);
  });

  it('with a coding may be stored when Accept-Encoding is keyed', () => {
    const fields = { 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' };
    expect(refuse(fields, { addedVary: ['accept-encoding'] }, policy)).toBeUndefined();
    expect(refuse(fields, {}, { ...policy, vary: ['accept-encoding'] })).toBeUndefined();
    expect(refuse(fields, {}, policy)).toContain('Content-Encoding');
  });

  it('with a body that is too large may not', () => {
    expect(refuse({}, { bodyBytes: 1_000 }, policy)).toBeUndefined();
    expect(refuse({}, { bodyBytes: 1_001 }, policy)).toContain('1000 bytes');
  });

  it('of one user may be private', () => {
    const user = { ...policy, audience: 'user' } as const;
    expect(refuse({ 'Cache-Control': 'private' }, {}, user)).toBeUndefined();
    expect(refuse({ 'Cache-Control': 'private, no-store' }, {}, user)).toContain('no-store');
  });
});

describe('a response, where the route decides', () => {
  it.each([201, 203, 204, 301, 308, 400, 404, 410, 500, 503])(
    'of the status %d may not be stored',
    (status) => {
      expect(refuse({ 'Cache-Control': 'max-age=60' }, { status })).toBe(`the status ${status}`);
    },
  );

  it('of a listed status may be stored', () => {
    const policy = policyOf({ statuses: new Set([301, 404]) });
    expect(refuse({}, { status: 404 }, policy)).toBeUndefined();
    expect(refuse({}, { status: 301 }, policy)).toBeUndefined();
    expect(refuse({}, { status: 410 }, policy)).toBeDefined();
    expect(refuseHead(404, headerFields({}), factsOf(), policy)).toBeUndefined();
  });

  it('of a status that must never be cached may not, even where it is listed', () => {
    const statuses = new Set([100, 206, 304, 400, 500, 503]);
    for (const status of statuses) expect(refuse({}, { status }, policyOf({ statuses }))).toBeDefined();
  });

  it('without a body may not be stored in place of a page (CVE-2025-49826)', () => {
    expect(refuse({}, { status: 204, bodyBytes: 0 })).toBe('the status 204');
    expect(refuseHead(204, headerFields({}), factsOf(), policyOf())).toBe('the status 204');
  });

  it.each(['Content-Range', 'WWW-Authenticate', 'Clear-Site-Data'])(
    'with %s may not, whoever set it',
    (name) => {
      expect(refuse({ [name]: 'x' })).toContain(name.toLowerCase());
      expect(refuse({ [name]: 'x' }, outside)).toContain(name.toLowerCase());
      expect(refuse({ [name]: 'x' }, {}, headersPolicy())).toBeUndefined();
    },
  );

  it('for one origin may not be stored unless Origin is keyed, or the header is not stored', () => {
    const fields = { 'Access-Control-Allow-Origin': 'https://a.example', Vary: 'Origin' };
    expect(refuse(fields)).toContain('Origin');
    expect(refuse(fields, { addedVary: ['origin'] })).toBeUndefined();
    expect(refuse(fields, {}, policyOf({ vary: ['origin'] }))).toBeUndefined();
    const perRequestHeaders = new Set(['access-control-allow-origin']);
    expect(refuse(fields, {}, policyOf({ perRequestHeaders }))).toBeUndefined();
    expect(refuse(fields, outside)).toBeUndefined();
  });

  it('to credentials that should have gone by the cache may not be stored', () => {
    const facts = factsOf({ authorization: 'Bearer x' });
    expect(refuse({ 'Cache-Control': 'public' }, {}, policyOf(), facts)).toContain('credentials');
    expect(refuse({}, {}, policyOf({ audience: 'everybody' }), facts)).toBeUndefined();
    expect(refuse({}, {}, policyOf({ audience: 'user' }), facts)).toBeUndefined();
  });

  it('says no-store, though it says must-understand, too', () => {
    expect(refuse({ 'Cache-Control': 'no-store, must-understand' })).toContain('no-store');
  });
});

describe('a response, where the headers decide', () => {
  it.each([200, 203, 204, 301, 302, 404, 410, 500])('of the status %d may be stored', (status) => {
    expect(refuse({ 'Cache-Control': 'max-age=60' }, { status }, headersPolicy())).toBeUndefined();
  });

  it('may be stored in spite of no-store when its status must be understood and is (RFC 9111 section 5.2.2.3)', () => {
    const fields = { 'Cache-Control': 'no-store, must-understand, max-age=60' };
    expect(refuse(fields, {}, headersPolicy())).toBeUndefined();
    expect(refuse(fields, { status: 299 }, headersPolicy())).toContain('must-understand');
    expect(refuse({ 'Cache-Control': 'must-understand' }, { status: 299 }, headersPolicy())).toBeDefined();
    const both = { 'Cache-Control': 'no-store, must-understand, private' };
    expect(refuse(both, {}, headersPolicy())).toContain('private');
  });

  const credentials = [
    factsOf({ authorization: 'Bearer x' }),
    factsOf({}, { identified: true }),
    factsOf({}, { hasSession: true }),
  ];

  it.each(['public', 's-maxage=60', 'must-revalidate'])(
    'to credentials may be stored with %s',
    (directive) => {
      for (const facts of credentials) {
        const fields = { 'Cache-Control': `max-age=60, ${directive}` };
        expect(refuse(fields, {}, headersPolicy(), facts)).toBeUndefined();
      }
    },
  );

  it.each(['max-age=60', 'max-age=60, proxy-revalidate', 'x-public'])(
    'to credentials may not be stored with %s',
    (directives) => {
      for (const facts of credentials) {
        const fields = { 'Cache-Control': directives };
        expect(refuse(fields, {}, headersPolicy(), facts)).toContain('credentials');
        expect(refuseHead(200, headerFields(fields), facts, headersPolicy())).toContain('credentials');
      }
    },
  );
});

describe('the head of a response', () => {
  it('may be coded, and be a 304', () => {
    const fields = headerFields({ 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
    for (const [, policy] of MODES) {
      expect(refuseHead(200, fields, factsOf(), policy)).toBeUndefined();
      expect(refuseHead(304, headerFields({ ETag: '"x"' }), factsOf(), policy)).toBeUndefined();
    }
  });

  it.each(['private', 'no-store', 'no-cache'])('may not say %s in the end', (directive) => {
    for (const [, policy] of MODES) {
      const fields = headerFields({ 'Cache-Control': directive });
      expect(refuseHead(200, fields, factsOf(), policy)).toContain(directive);
      expect(refuseHead(304, fields, factsOf(), policy)).toContain(directive);
    }
  });
});

describe('the head of a response without what the policy tells others', () => {
  const control = (head: string, made: Raw, said: Partial<ResponsePolicy>) =>
    asMade(headerFields({ 'Cache-Control': head }), headerFields(made), policyOf(said)).get('cache-control');

  it('says what its handler says, or nothing', () => {
    expect(control('no-store', {}, { cacheControl: 'no-store' })).toBeUndefined();
    expect(control('private', {}, { audience: 'user' })).toBeUndefined();
    expect(
      control('private, max-age=9', { 'Cache-Control': 'max-age=9, s-maxage=5' }, { audience: 'user' }),
    ).toBe('max-age=9, s-maxage=5');
    const both = { audience: 'user', cacheControl: 'private, max-age=9' } as const;
    expect(control('private, max-age=9', { 'Cache-Control': 'max-age=9' }, both)).toBe('max-age=9');
  });

  it('says what middleware says in the end', () => {
    expect(control('max-age=5', { 'Cache-Control': 'max-age=9' }, {})).toBe('max-age=5');
    expect(control('private, no-store', { 'Cache-Control': 'max-age=9' }, { audience: 'user' })).toBe(
      'private, no-store',
    );
    expect(control('no-store', {}, { cacheControl: 'max-age=9' })).toBe('no-store');
  });
});

describe('the lifetime of a response, where the route decides', () => {
  const now = Date.UTC(2030, 0, 1);
  const of = (fields: Raw, policy = policyOf(), ttl: number | null = 60_000, status = 200) =>
    lifetimeOf({ status, fields: headerFields(fields) }, policy, ttl, now);

  it('is what the route says, or shorter', () => {
    expect(of({})).toEqual({ ttl: 60_000, grace: 0 });
    expect(of({}, policyOf(), null)).toEqual({ ttl: null, grace: 0 });
    expect(of({ 'Cache-Control': 'max-age=5' })?.ttl).toBe(5_000);
    expect(of({ 'Cache-Control': 'max-age=5' }, policyOf(), null)?.ttl).toBe(5_000);
    expect(of({ 'Cache-Control': 'max-age=99, s-maxage=7' })?.ttl).toBe(7_000);
    expect(of({ 'Cache-Control': 'max-age=99' })?.ttl).toBe(60_000);
    expect(of({ 'Cache-Control': 'max-age=9', Age: '4' })?.ttl).toBe(5_000);
    expect(of({ Expires: 'Tuesday, 01-Jan-30 00:00:05 GMT' })?.ttl).toBe(5_000);
  });

  it.each([
    { 'Cache-Control': 'max-age=0' },
    { 'Cache-Control': 'max-age=60, s-maxage=0' },
    { 'Cache-Control': 'max-age=9', Age: '9' },
    { 'Cache-Control': 'max-age=9', Age: '10', ETag: '"v1"' },
    { Expires: '0' },
    { 'Cache-Control': 'max-age=0', ETag: 'W/"1-pp0yKMj3EIWGTHgZBY0vgFE2YJI"' },
  ])('is none with %j', (fields) => {
    expect(of(fields)).toBeUndefined();
    expect(of(fields, headersPolicy())).toBeUndefined();
  });

  it.each([{ ETag: '"v1"' }, { ETag: 'W/"v1"' }, { 'Last-Modified': 'Mon, 31 Dec 2029 00:00:00 GMT' }])(
    'is one for asking its handler again only, with %j and max-age=0 or no-cache',
    (validator) => {
      for (const policy of [policyOf(), headersPolicy()]) {
        for (const directives of ['max-age=0', 'max-age=9, no-cache']) {
          const found = of({ ...validator, 'Cache-Control': directives }, policy);
          expect(found).toEqual({ ttl: 0, grace: 3_600_000 });
        }
      }
    },
  );

  it('is the negative one for any status but 200', () => {
    const policy = policyOf({ statuses: new Set([404]), negativeTtl: 3_000 });
    expect(of({}, policy, 60_000, 404)?.ttl).toBe(3_000);
    expect(of({ 'Cache-Control': 'max-age=1' }, policy, 60_000, 404)?.ttl).toBe(1_000);
  });

  it('goes on for as long as it may be served stale', () => {
    const policy = policyOf({ stale: { revalidate: 5_000, error: 9_000 } });
    expect(of({}, policy)).toEqual({ ttl: 60_000, grace: 9_000 });
    expect(of({ 'Cache-Control': 'max-age=9, must-revalidate' }, policy)).toEqual({ ttl: 9_000, grace: 0 });
    expect(of({ 'Cache-Control': 'stale-if-error=2' }, policy)?.grace).toBe(5_000);
  });
});

describe('the lifetime of a response, where the headers decide', () => {
  const now = Date.UTC(2030, 0, 1);
  const of = (fields: Raw, status = 200) =>
    lifetimeOf({ status, fields: headerFields(fields) }, headersPolicy(), 60_000, now);

  it('is what they say, longer than the ttl, too', () => {
    expect(of({ 'Cache-Control': 'max-age=3600' })?.ttl).toBe(3_600_000);
    expect(of({ 'Cache-Control': 'max-age=3600' }, 404)?.ttl).toBe(3_600_000);
    expect(of({ Expires: 'Tue, 01 Jan 2030 00:00:05 GMT' })?.ttl).toBe(5_000);
  });

  it('is none where they say nothing', () => {
    expect(of({})).toBeUndefined();
    expect(of({ 'Cache-Control': 'public' })).toBeUndefined();
    expect(of({ 'Last-Modified': 'Mon, 31 Dec 2029 00:00:00 GMT' })).toBeUndefined();
  });
});

describe('what is stored of a response', () => {
  const stored = (added: Raw, head: Raw) =>
    Object.fromEntries(withSentControl(headerFields(added), headerFields(head)));

  it('says of caches what went out, whoever said it last', () => {
    expect(stored({ etag: '"1"' }, { 'Cache-Control': 'must-revalidate' })).toEqual({
      etag: '"1"',
      'cache-control': 'must-revalidate',
    });
    expect(stored({ 'cache-control': 'public' }, { 'Cache-Control': 'max-age=5' })).toEqual({
      'cache-control': 'max-age=5',
    });
    expect(stored({ 'cache-control': 'public' }, {})).toEqual({});
    expect(stored({ 'cache-control': [] }, {})).toEqual({ 'cache-control': [] });
  });
});
