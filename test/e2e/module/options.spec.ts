import { describe, expect, it } from 'vitest';
import { RedisCacheModule, InvalidOptionsError } from '../../../src/index.js';

describe('RedisCacheModule.forRoot refuses', () => {
  it.each<[string, unknown, string]>([
    ['no object', 'redis://x', 'options: must be an object'],
    ['an unknown option', { prefix: 'x' }, 'options.prefix: is no option'],
    ['an unknown option of a cache', { caches: { a: { tll: '1m' } } }, 'caches.a.tll: is no option'],
    ['a bad ttl', { ttl: '5 min' }, 'options.ttl: must be milliseconds'],
    ['a ttl of 0', { ttl: 0 }, 'options.ttl: must be longer than 0'],
    ['a ttl that is no number', { ttl: Number.NaN }, 'options.ttl: must be milliseconds'],
    ['caches that are no record', { caches: ['a'] }, 'options.caches: must be an object of options by name'],
    ['a cache that is no record', { caches: { a: 5 } }, 'caches.a: must be an object, received 5'],
    ['a cache without a name', { caches: { '': {} } }, 'a cache needs a name'],
    [
      'an unknown connection',
      { caches: { a: { connection: 'x' } } },
      'caches.a.connection: there is no such connection',
    ],
    ['redis without a connection', { caches: { a: { store: 'redis' } } }, 'caches.a.store: needs a Redis'],
    ['null', null, 'options: must be an object, received null'],
    ['a connection that is a number', { connection: 6379 }, 'options.connection: must be a URL, an object'],
    [
      'a host that is a number',
      { connection: { socket: { host: 1 } } },
      'host: must be a string that is not empty, not a number',
    ],
    ['an unknown store', { caches: { a: { store: 'disk' } } }, "caches.a.store: must be 'redis', 'memory'"],
    [
      'the default connection twice',
      { connection: 'redis://a', connections: { default: 'redis://b' } },
      'stands in',
    ],
    [
      'sessions that stand where a cache does',
      {
        connection: 'redis://a',
        keyPrefix: '',
        caches: { session: {} },
        session: { secret: 'a'.repeat(32) },
      },
      'options.session.prefix: must not overlap with the keys of caches, which begin with "session:"',
    ],
    ['a bad url', { connection: 'http://a' }, 'options.connection'],
    [
      'a bad onError',
      { caches: { a: { onError: 'ignore' } } },
      "caches.a.onError: must be 'open' or 'throw'",
    ],
    [
      'a bad maxBytes',
      { caches: { a: { maxBytes: -1 } } },
      'caches.a.maxBytes: must be a whole number, 1 or more, received -1',
    ],
    [
      'memory in front of a Keyv',
      { caches: { a: { store: new Map(), memory: { max: 1 } } } },
      'caches.a.memory: goes with a store in Redis or in memory',
    ],
    [
      'a ttl of memory where memory is the store',
      { caches: { a: { store: 'memory', memory: { ttl: '1m' } } } },
      'caches.a.memory.ttl: goes with a store in Redis',
    ],
    [
      'a memory of no size',
      { connection: 'redis://a', caches: { a: { memory: { max: 0 } } } },
      'caches.a.memory.max',
    ],
    [
      'a jitter above 1',
      { caches: { a: { jitter: 5 } } },
      'caches.a.jitter: must be a number from 0 to 1, received 5',
    ],
    [
      'a stale option that does not exist',
      { caches: { a: { stale: { whileRevalidate: '1m' } } } },
      'caches.a.stale.whileRevalidate: is no option',
    ],
    [
      'a soft timeout that is longer than the hard one',
      { caches: { a: { timeout: { soft: '2s', hard: '1s' } } } },
      'caches.a.timeout.soft: must be shorter than the hard timeout of 1000 ms, received 2000',
    ],
    [
      'types that are no classes',
      { caches: { a: { types: ['User'] } } },
      'caches.a.types[0]: must be a class',
    ],
    [
      'a serializer without methods',
      { caches: { a: { serializer: {} } } },
      'caches.a.serializer: must be an object with',
    ],
    [
      'a version that is an object',
      { caches: { a: { version: {} } } },
      'caches.a.version: must be a number or a string',
    ],
    ['a keyPrefix that is a number', { keyPrefix: 5 }, 'options.keyPrefix: must be a string, received 5'],
    ['a global that is a word', { global: 'yes' }, 'options.global: must be true or false'],
  ])('%s', (_, options, message) => {
    expect(() => RedisCacheModule.forRoot(options as never)).toThrow(InvalidOptionsError);
    expect(() => RedisCacheModule.forRoot(options as never)).toThrow(message);
  });

  it('a URL without showing its password', () => {
    const options = { connection: 'redis://user:geheim@host:notaport/0' };
    expect(() => RedisCacheModule.forRoot(options)).toThrow(InvalidOptionsError);
    expect(() => RedisCacheModule.forRoot(options)).toThrow(expect.not.stringContaining('geheim') as never);
  });
});
