import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import type { NamedCache } from '../../../src/cache/named-cache.js';
import { gzip } from '../../../src/codec/zlib-compressor.js';
import { FakeClock, openCaches } from '../../../src/testing/index.js';

const caches = openCaches({ store: 'memory', clock: new FakeClock() });

describe('a cache refuses', () => {
  it.each<[string, (cache: NamedCache) => unknown, string]>([
    ['a key that is no string', (cache) => cache.get(1 as never), 'key: must be a string, received 1'],
    ['a string in the place of keys', (cache) => cache.mget('abc'), 'keys: must be an iterable of strings'],
    [
      'getOrSet without a loader',
      (cache) => cache.getOrSet('k', undefined as never),
      'load: must be a function',
    ],
    [
      'an unknown option of getOrSet',
      (cache) => cache.getOrSet('k', () => 1, { tttl: 1 } as never),
      'options.tttl',
    ],
    [
      'an unknown option of set',
      (cache) => cache.set('k', 1, { tll: 1 } as never),
      'options.tll: is no option',
    ],
    [
      'an unknown option of incr',
      (cache) => cache.incr('k', 1, { start: 1 } as never),
      'options.start: is no option',
    ],
    [
      'an amount that is no integer',
      (cache) => cache.incr('k', 1.5, { initial: 0 }),
      'by: must be an integer',
    ],
    ['a ttl that is no duration', (cache) => cache.set('k', 1, '5 min'), 'ttl: must be milliseconds'],
    ['peek without a key', async (cache) => cache.peek(1 as never), 'key: must be a string, received 1'],
    [
      'a word in the place of yes or no',
      (cache) => cache.getOrSet('k', () => 1, { fresh: 'no' as never }),
      'options.fresh: must be true or false, received "no"',
    ],
    [
      'a clear that is to reclaim a number',
      (cache) => cache.clear({ reclaim: 1 as never }),
      'options.reclaim: must be true or false, received 1',
    ],
    ['touch without a ttl', (cache) => cache.touch('k', undefined as never), 'ttl: must be given'],
    [
      'deletePattern without a glob',
      (cache) => cache.deletePattern(undefined as never),
      'glob: must be a string',
    ],
    ['a namespace without a name', async (cache) => cache.namespace(''), 'namespace: must be a string'],
    [
      'a loader of many that gives no Map',
      (cache) => cache.getOrSetMany(['k'], async () => ({ k: 1 }) as never),
      'load: must give a Map',
    ],
  ])('%s', async (_, call, message) => {
    const cache = await caches.cache();
    const failing = Promise.resolve().then(() => call(cache));
    await expect(failing).rejects.toThrow(InvalidOptionsError);
    await expect(failing).rejects.toThrow(message);
    expect(await cache.has('k')).toBe(false);
  });

  it('an unknown option of a compressor', () => {
    expect(() => gzip({ thresold: 1 } as never)).toThrow('compressor.gzip.thresold: is no option');
  });
});
