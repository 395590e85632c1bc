import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { resolveSessionOptions } from '../../../src/session/resolve-session-options.js';
import { resolveSessionStorage } from '../../../src/session/storage/resolve-storage-options.js';

const SECRET = 'a'.repeat(32);
const KEY = randomBytes(32);
const resolve = (options: object, keyPrefix = 'cache') =>
  resolveSessionOptions({ secret: SECRET, ...options }, 'session', { keyPrefix });

test('what is not given has its default, and nothing can be changed', () => {
  const resolved = resolve({});
  expect(resolved).toMatchObject({
    connection: 'default',
    secrets: [SECRET],
    name: 'sid',
    cookie: {
      path: '/',
      domain: undefined,
      httpOnly: true,
      secure: 'auto',
      sameSite: 'lax',
      partitioned: false,
    },
    rolling: true,
    onUnavailable: 'fail',
    device: false,
    warnings: [],
    storage: {
      prefix: 'session',
      ttl: 1_209_600_000,
      absoluteTtl: Infinity,
      userId: undefined,
      maxPerUser: Infinity,
      keys: [],
      maxBytes: 65_536,
      onGone: 'event',
      legacy: undefined,
      allowEviction: false,
    },
  });
  expect(resolved.excludes('/')).toBe(false);
  for (const part of [resolved, resolved.cookie, resolved.storage, resolved.secrets]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

test.each([
  ['cache', 'session'],
  ['', 'session'],
  ['shop', 'shop-session'],
  ['a:b', 'a:b-session'],
])('the prefix beside caches of %j is %j', (keyPrefix, expected) => {
  expect(resolve({}, keyPrefix).storage.prefix).toBe(expected);
});

test.each([
  ['shop', 'shop'],
  ['shop', 'shop:sessions'],
  ['shop:cache', 'shop'],
])('beside caches of %j, sessions must not be under %j', (keyPrefix, prefix) => {
  expect(() => resolve({ prefix }, keyPrefix)).toThrow(/^session\.prefix: must not overlap/);
});

test('beside caches without a prefix, sessions must not be below the name of one', () => {
  const beside = { keyPrefix: '', caches: ['default', 'session', 'a:b'] };
  const resolved = (given: object) => resolveSessionOptions({ secret: SECRET, ...given }, 'session', beside);
  for (const prefix of ['default', 'session', 'session:web', 'session@2']) {
    expect(() => resolved({ prefix })).toThrow(/^session\.prefix: must not overlap/);
  }
  expect(() => resolved({})).toThrow('begin with "session:", received "session"');
  for (const prefix of ['sessions', 'a', 'a:b']) expect(resolved({ prefix }).storage.prefix).toBe(prefix);
});

test('the name of the cookie says what browsers hold it to', () => {
  expect(resolve({ cookie: { secure: true } }).name).toBe('__Host-sid');
  expect(resolve({ cookie: { secure: true, domain: 'a.example' } }).name).toBe('sid');
  expect(resolve({ cookie: { secure: true, path: '/app' } }).name).toBe('sid');
  expect(resolve({ name: 'connect.sid' }).name).toBe('connect.sid');
});

test('paths without sessions are whole ones, or all below one', () => {
  const { excludes } = resolve({ exclude: ['/health', '/static/*'] });
  const paths = ['/health', '/health/x', '/healthy', '/static/a/b', '/static', '/'];
  expect(paths.map((path) => excludes(path))).toEqual([true, false, false, true, false, false]);
});

test('keys of sealing are taken as bytes and in base64', () => {
  const keys = [
    { id: 'new', key: KEY },
    { id: 'old', key: KEY.toString('base64') },
  ];
  const { storage } = resolve({ encryption: { keys } });
  expect(storage.keys).toEqual([
    { id: 'new', key: KEY },
    { id: 'old', key: KEY },
  ]);
});

test('life is as long as is said, and never longer than the absolute end', () => {
  expect(resolve({ ttl: null }).storage.ttl).toBeNull();
  expect(resolve({ ttl: '30m', absoluteTtl: '8h' }).storage).toMatchObject({
    ttl: 1_800_000,
    absoluteTtl: 28_800_000,
  });
  expect(resolve({ absoluteTtl: '8h' }).storage.ttl).toBe(28_800_000);
});

test('where sessions of connect-redis are, and who else writes them', () => {
  expect(resolve({ migrate: {} }).storage.legacy).toMatchObject({ prefix: 'sess:', mode: 'move' });
  const { legacy } = resolve({ migrate: 'dual', cookie: { secure: true, sameSite: 'strict' } }).storage;
  expect(legacy).toEqual({
    prefix: 'sess:',
    mode: 'dual',
    cookie: { path: '/', domain: undefined, httpOnly: true, sameSite: 'strict', secure: true },
  });
});

test('a cookie that is weaker than by default is warned of', () => {
  const cookie = { httpOnly: false, secure: false, domain: 'example.com' };
  const { warnings } = resolve({ cookie });
  expect(warnings).toHaveLength(3);
  expect(warnings[0]).toMatch(/^session\.cookie\.httpOnly: false/);
  expect(resolve({ cookie: { sameSite: 'none', secure: true } }).warnings).toHaveLength(1);
});

test.each<[object, string, RegExp]>([
  [{ secret: undefined }, 'session.secret', /not undefined; is a variable of the environment missing\?$/],
  [{ secret: 'short' }, 'session.secret', /must have at least 32 bytes, and has 5$/],
  [{ secret: [] }, 'session.secret', /must be a string or a list/],
  [{ secret: [SECRET, 'hunter2'] }, 'session.secret[1]', /and has 7$/],
  [{ name: 'a b' }, 'session.name', /received "a b"/],
  [{ name: '__Host-x' }, 'session.name', /__Host- needs cookie\.secure: true/],
  [{ name: '__host-x', cookie: { secure: true, path: '/a' } }, 'session.name', /path '\/'/],
  [{ name: '__Secure-x' }, 'session.name', /needs cookie\.secure: true/],
  [{ cookie: { sameSite: 'none' } }, 'session.cookie.sameSite', /needs secure: true/],
  [{ cookie: { partitioned: true, secure: false } }, 'session.cookie.partitioned', /needs secure: true/],
  [{ cookie: { secure: 'yes' } }, 'session.cookie.secure', /received "yes"/],
  [{ cookie: { path: 'app' } }, 'session.cookie.path', /begins with '\/'/],
  [{ cookie: { path: '/a;b' } }, 'session.cookie.path', /begins with '\/'/],
  [{ cookie: { domain: 'a.example; x' } }, 'session.cookie.domain', /the name of a host/],
  [{ cookie: { maxAge: 5 } }, 'session.cookie.maxAge', /is no option/],
  [{ ttl: 0 }, 'session.ttl', /longer than 0/],
  [{ ttl: 'soon' }, 'session.ttl', /must be milliseconds/],
  [{ ttl: '200000d' }, 'session.ttl', /100 years/],
  [{ absoluteTtl: -1 }, 'session.absoluteTtl', /longer than 0/],
  [{ absoluteTtl: null }, 'session.absoluteTtl', /must be milliseconds/],
  [{ ttl: '2h', absoluteTtl: '1h' }, 'session.absoluteTtl', /not be shorter than ttl/],
  [{ userId: 'user' }, 'session.userId', /must be a function/],
  [{ maxPerUser: 3 }, 'session.maxPerUser', /needs userId/],
  [{ maxPerUser: 0, userId: () => 'a' }, 'session.maxPerUser', /1 or more/],
  [{ maxBytes: 0 }, 'session.maxBytes', /1 or more/],
  [{ onGone: 'throw' }, 'session.onGone', /'event' or 'error'/],
  [{ onUnavailable: 'open' }, 'session.onUnavailable', /'fail' or 'anonymous'/],
  [{ exclude: '/health' }, 'session.exclude', /list of paths/],
  [{ exclude: ['health'] }, 'session.exclude[0]', /such as/],
  [{ exclude: ['/a*'] }, 'session.exclude[0]', /such as/],
  [{ exclude: ['/a/*/b'] }, 'session.exclude[0]', /such as/],
  [{ migrate: 'move' }, 'session.migrate', /'dual' or an object/],
  [{ migrate: { prefix: 'session:' } }, 'session.migrate.prefix', /must not overlap/],
  [{ migrate: { prefix: 's' } }, 'session.migrate.prefix', /must not overlap/],
  [{ migrate: 'dual', absoluteTtl: '1d' }, 'session.absoluteTtl', /goes not with migrate/],
  [{ migrate: 'dual', device: true }, 'session.device', /goes not with migrate/],
  [{ allowEviction: 1 }, 'session.allowEviction', /true or false/],
  [{ rolling: 'no' }, 'session.rolling', /true or false/],
  [{ encryption: {} }, 'session.encryption.keys', /not empty/],
  [{ encryption: { keys: [] } }, 'session.encryption.keys', /not empty/],
  [{ encryption: { keys: [KEY] } }, 'session.encryption.keys[0]', /id and key/],
  [{ encryption: { keys: [{ id: 'a b', key: KEY }] } }, 'session.encryption.keys[0].id', /letters/],
  [{ encryption: { keys: [{ id: 'a', key: 'hunter2' }] } }, 'session.encryption.keys[0].key', /not 5 bytes$/],
  [
    {
      encryption: {
        keys: [
          { id: 'a', key: KEY },
          { id: 'a', key: KEY },
        ],
      },
    },
    'session.encryption.keys[1].id',
    /another/,
  ],
  [{ ttls: 1 }, 'session.ttls', /is no option/],
])('%j is refused', (options, path, message) => {
  let thrown: unknown;
  try {
    resolve(options);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvalidOptionsError);
  const { path: named, message: said } = thrown as InvalidOptionsError;
  expect(named).toBe(path);
  expect(said).toMatch(message);
  expect(said).not.toContain('hunter2');
  expect(said).not.toContain(KEY.toString('base64'));
});

test('a storage that serves no caches takes any prefix', () => {
  const where = { prefix: 'session', caches: undefined };
  expect(resolveSessionStorage({ prefix: 'cache:{s}' }, 'Store', where).prefix).toBe('cache:%7Bs%7D');
});
