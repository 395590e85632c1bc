import type { NamedCache } from '../../../src/cache/named-cache.js';

/** A call of a method, and what it answers while the store is out of reach and the cache's `onError` is `'open'`. */
export interface MethodCall {
  readonly call: (cache: NamedCache) => Promise<unknown>;
  readonly open: unknown;
  /** False where `onError: 'throw'` changes nothing, since the caller has what was asked for. */
  readonly throws?: boolean;
}

async function all(keys: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = [];
  for await (const key of keys) list.push(key);
  return list;
}

/** Every method that reaches the store, by its name and what is special about the call. */
export const METHODS: Readonly<Record<string, MethodCall>> = {
  get: { call: (cache) => cache.get('key'), open: undefined },
  mget: { call: (cache) => cache.mget(['key', 'other']), open: [undefined, undefined] },
  getEntry: { call: (cache) => cache.getEntry('key'), open: undefined },
  has: { call: (cache) => cache.has('key'), open: false },
  remainingTtl: { call: (cache) => cache.remainingTtl('key'), open: undefined },
  ttl: { call: (cache) => cache.ttl('key'), open: undefined },
  set: { call: (cache) => cache.set('key', 'value'), open: 'value' },
  'set of what is not to be stored': {
    call: (cache) => cache.set('key', 'value', { ttl: 0 }),
    open: 'value',
  },
  mset: {
    call: (cache) => cache.mset([{ key: 'key', value: 'value', ttl: 1_000 }]),
    open: [{ key: 'key', value: 'value', ttl: 1_000 }],
  },
  add: { call: (cache) => cache.add('new', 'value'), open: false },
  touch: { call: (cache) => cache.touch('key', 1_000), open: false },
  'touch that removes': { call: (cache) => cache.touch('key', 0), open: false },
  'incr from an initial value': { call: (cache) => cache.incr('count', 5, { initial: 10 }), open: 15 },
  'decr from an initial value': { call: (cache) => cache.decr('count', 5, { initial: 10 }), open: 5 },
  del: { call: (cache) => cache.del('key'), open: false },
  mdel: { call: (cache) => cache.mdel(['key', 'other']), open: false },
  clear: { call: (cache) => cache.clear(), open: false },
  expire: { call: (cache) => cache.expire('key'), open: false },
  invalidateTags: { call: (cache) => cache.invalidateTags('tag'), open: undefined },
  mutate: { call: (cache) => cache.mutate({ keys: ['key'], tags: ['tag'] }, () => 'done'), open: 'done' },
  keys: { call: (cache) => all(cache.keys()), open: [] },
  deletePattern: { call: (cache) => cache.deletePattern('*'), open: 0 },
  getOrSet: { call: (cache) => cache.getOrSet('key', () => 'loaded'), open: 'loaded' },
  'getOrSet fresh': {
    call: (cache) => cache.getOrSet('key', () => 'loaded', { fresh: true }),
    open: 'loaded',
    throws: false,
  },
  getOrSetMany: {
    call: (cache) => cache.getOrSetMany(['key'], async () => new Map([['key', 'loaded']])),
    open: new Map([['key', 'loaded']]),
  },
  reserve: { call: (cache) => cache.reserve('key', ['tag']), open: undefined, throws: false },
  wrap: { call: (cache) => cache.wrap('key', () => 'loaded'), open: 'loaded' },
};
