import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { resolveResponseCache } from '../../../src/http/policy/resolve-response-cache.js';
import { MODULE_POLICY, resolveResponsePolicy } from '../../../src/http/policy/resolve-response-policy.js';

const user = () => 1;
const key = () => 'k';
const when = () => true;
const resolve = (raw: unknown, base = MODULE_POLICY) => resolveResponsePolicy(raw, 'here', base);

describe('the policy of responses', () => {
  it('is the one it builds on where nothing is said', () => {
    expect(resolve({})).toEqual(MODULE_POLICY);
    const base = resolve({ public: true, ttl: '1m', vary: ['Accept'], strict: true, stale: { error: '1h' } });
    const unsaid = {
      public: undefined,
      ttl: undefined,
      vary: undefined,
      strict: undefined,
      stale: undefined,
    };
    expect(resolve(unsaid, base)).toEqual(base);
  });

  it('keeps to visitors without credentials, 200 and 1 MiB where nothing is said', () => {
    expect(MODULE_POLICY).toMatchObject({
      mode: 'policy',
      audience: 'anonymous',
      statuses: new Set(),
      maxBodyBytes: 2 ** 20,
      ttl: undefined,
      stale: undefined,
      hosts: undefined,
      query: undefined,
      cacheControl: undefined,
      cacheStatus: undefined,
      negativeTtl: 10_000,
      wait: 10_000,
      strict: false,
    });
  });

  it('reads every option', () => {
    const raw = {
      respectHeaders: true,
      varyByUser: user,
      when,
      key,
      vary: ['Accept-Language', 'accept', 'ACCEPT'],
      hosts: ['Example.com', 'localhost:3000', '[::1]:80'],
      ttl: null,
      statuses: [404, 200, 410],
      negativeTtl: '1m',
      maxBodyBytes: 10,
      perRequestHeaders: ['X-Request'],
      sessionCookies: ['Sid'],
      stale: { error: '1h' },
      cacheControl: 'private, max-age=60',
      cacheStatus: 'Edge 1',
      strict: true,
      wait: 50,
    };
    expect(resolve(raw)).toEqual({
      mode: 'headers',
      audience: 'user',
      user,
      when,
      key,
      vary: ['accept', 'accept-language'],
      query: undefined,
      hosts: new Set(['example.com', 'localhost:3000', '[::1]:80']),
      ttl: null,
      statuses: new Set([404, 410]),
      negativeTtl: 60_000,
      maxBodyBytes: 10,
      perRequestHeaders: new Set(['x-request']),
      sessionCookies: new Set(['Sid']),
      stale: { revalidate: 0, error: 3_600_000 },
      cacheControl: 'private, max-age=60',
      cacheStatus: 'Edge 1',
      strict: true,
      wait: 50,
    });
    expect(resolve({ query: ['page', 'Ä b'] }).query).toEqual(new Set(['page', 'Ä b']));
  });

  it('can take back what it builds on', () => {
    const base = resolve({
      respectHeaders: true,
      public: true,
      vary: ['accept'],
      cacheStatus: true,
      strict: true,
    });
    expect(base.cacheStatus).toBe('nestjs-redis-cache');
    const back = { respectHeaders: false, public: false, vary: [], cacheStatus: false, strict: false };
    expect(resolve(back, base)).toEqual(MODULE_POLICY);
  });

  it('is of one audience, the last that was named', () => {
    const perUser = resolve({ varyByUser: user });
    const everybody = resolve({ public: true });
    expect(resolve({ public: true }, perUser)).toMatchObject({ audience: 'everybody', user: undefined });
    expect(resolve({ varyByUser: user }, everybody)).toMatchObject({ audience: 'user', user });
    expect(resolve({ public: false }, perUser)).toMatchObject({ audience: 'user', user });
  });

  it('keeps what a stale option leaves out', () => {
    const base = resolve({ stale: { revalidate: '1m', error: '1h' } });
    expect(resolve({ stale: { error: '2h' } }, base).stale).toEqual({ revalidate: 60_000, error: 7_200_000 });
  });

  it.each([
    ['nothing', undefined, 'here: must be an object'],
    ['a mode', { respectHeaders: 'yes' }, 'here.respectHeaders: must be true or false'],
    ['an audience', { public: 1 }, 'here.public: must be true or false'],
    ['two audiences', { public: true, varyByUser: user }, 'here.public: contradicts varyByUser'],
    ['a user', { varyByUser: 'id' }, 'here.varyByUser: must be a function'],
    ['a key', { key: 'k' }, 'here.key: must be a function'],
    ['a key and a query', { key, query: ['page'] }, 'here.query: contradicts "key"'],
    ['a condition', { when: true }, 'here.when: must be a function'],
    ['headers in a text', { vary: 'accept' }, 'here.vary: must be a list of header names'],
    ['a header that is none', { vary: ['accept', 'a b'] }, 'here.vary[1]: must be a list of header names'],
    ['all headers', { vary: ['*'] }, 'here.vary: must name headers'],
    ['the host as a header', { vary: ['Host'] }, 'name those that are told apart in "hosts"'],
    ['a parameter without a name', { query: [''] }, 'here.query[0]: must be a list of names'],
    ['no hosts', { hosts: [] }, 'here.hosts: must be a list of one host or more'],
    ['a host with a scheme', { hosts: ['https://example.com'] }, 'here.hosts[0]: must be a list of one host'],
    ['a host with a path', { hosts: ['example.com/a'] }, 'here.hosts[0]: must be a list of one host'],
    ['no ttl', { ttl: 0 }, 'here.ttl: must be longer than 0'],
    ['an endless negative ttl', { negativeTtl: null }, 'here.negativeTtl: must be milliseconds'],
    ['no wait', { wait: 0 }, 'here.wait: must be at least 1 ms'],
    ['statuses in a text', { statuses: '404' }, 'here.statuses: must be a list of statuses'],
    ['a body of no bytes', { maxBodyBytes: 0 }, 'here.maxBodyBytes: must be a whole number, 1 to 536870912'],
    ['a header with a line end', { perRequestHeaders: ['a\n'] }, 'here.perRequestHeaders[0]'],
    ['a cookie with a value', { sessionCookies: ['sid=1'] }, 'here.sessionCookies[0]'],
    ['an unknown stale option', { stale: { for: 1 } }, 'here.stale.for: is no option'],
    [
      'an injected header',
      { cacheControl: 'max-age=1\r\nx: y' },
      'here.cacheControl: must be a value of Cache-Control',
    ],
    ['an empty header', { cacheControl: ' ' }, 'here.cacheControl: must be a value of Cache-Control'],
    [
      'a name that no header can carry',
      { cacheStatus: 'é' },
      'here.cacheStatus: must be true, false or a name',
    ],
    ['a name of no characters', { cacheStatus: '' }, 'here.cacheStatus: must be true, false or a name'],
    ['strictness', { strict: 1 }, 'here.strict: must be true or false'],
  ])('refuses %s that it cannot be', (_name, raw, message) => {
    expect(() => resolve(raw)).toThrow(InvalidOptionsError);
    expect(() => resolve(raw)).toThrow(message);
  });

  it.each([100, 206, 304, 400, 401, 412, 416, 429, 431, 500, 503, 404.5, '404', null])(
    'refuses the status %s, which tells nothing of the resource',
    (status) => {
      expect(() => resolve({ statuses: [404, status] })).toThrow(
        'here.statuses: may have statuses from 200 to 499',
      );
    },
  );

  it.each(['public, max-age=60', 'max-age=60,s-maxage=5', 'PUBLIC'])(
    'refuses to tell other caches to share the response of one user: %s',
    (cacheControl) => {
      const rule = 'here.cacheControl: lets other caches share the response';
      expect(() => resolve({ varyByUser: user, cacheControl })).toThrow(rule);
      expect(() => resolve({ varyByUser: user }, resolve({ cacheControl }))).toThrow(rule);
      expect(resolve({ cacheControl }).cacheControl).toBe(cacheControl);
    },
  );
});

describe('the options of the response cache', () => {
  const cache = (raw: unknown) => resolveResponseCache(raw, 'http');

  it('cache decorated routes where nothing is said', () => {
    const settings = { all: false, cache: 'default', policy: MODULE_POLICY, policies: new Map() };
    expect(cache(undefined)).toEqual(settings);
    expect(cache({})).toEqual(settings);
  });

  it('name routes, their cache and policies', () => {
    const pages = { ttl: '10m', vary: ['accept'] };
    const settings = cache({ routes: 'all', cache: 'pages', strict: true, policies: { pages } });
    expect(settings).toMatchObject({ all: true, cache: 'pages', policy: { strict: true } });
    expect(settings.policies.get('pages')).toBe(pages);
  });

  it.each([
    ['an unknown option', { route: 'all' }, 'http.route: is no option; there are respectHeaders'],
    ['an unknown kind of routes', { routes: 'some' }, "http.routes: must be 'decorated' or 'all'"],
    ['a cache that is no name', { cache: 1 }, 'http.cache: must be a string'],
    ['policies in a list', { policies: [{}] }, 'http.policies: must be an object'],
    [
      'an unknown option of a policy',
      { policies: { a: { policy: 'b' } } },
      'http.policies.a.policy: is no option',
    ],
    [
      'a policy that is wrong',
      { policies: { a: { wait: 0 } } },
      'http.policies.a.wait: must be at least 1 ms',
    ],
    ['a policy without a name', { policies: { '': {} } }, 'http.policies: must have names'],
  ])('refuse %s', (_name, raw, message) => {
    expect(() => cache(raw)).toThrow(message);
  });
});
