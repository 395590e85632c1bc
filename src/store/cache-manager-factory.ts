import { InvalidOptionsError } from '../errors.js';
import { optionsObject } from '../option.js';
import { clientConnection, foreignClient, silence, type ForeignClient } from './cache-manager-client.js';
import { layoutOf, type Layout } from './cache-manager-layout.js';
import { CacheManagerStore, type CacheManagerContext } from './cache-manager-store.js';
import { isCacheManagerStore, type CacheManagerV5Store } from './cache-manager-v5.js';
import { ForeignCalls } from './foreign-calls.js';
import { claim } from './foreign-space.js';
import { PlainJsonSpace } from './plain-json-space.js';
import { PlainJsonStore } from './plain-json-store.js';
import type { Store, StoreContext, StoreFactory } from './store.js';

/** What `fromCacheManager` takes: a store, a promise of one, or a function that makes one over the connection's client. */
export type CacheManagerSource =
  | CacheManagerV5Store
  | PromiseLike<CacheManagerV5Store>
  // Stores are typed for the version of the client that they were written for.
  // oxlint-disable-next-line typescript/no-explicit-any
  | ((client: any) => CacheManagerV5Store | PromiseLike<CacheManagerV5Store>);

/** What a store does not tell about itself. */
export interface CacheManagerOptions {
  /**
   * What the store puts in front of every key, its separator included (`'app:'`). Needed only for a store of whose client
   * the first `get` cannot be watched; cache-manager-redis-yet and -ioredis-yet need none.
   */
  readonly keyPrefix?: string;
  /**
   * Whether the store's client is closed with the application. Default: only for the store of a promise or a function, as
   * `redisStore()` gives it, and never for the connection's own client.
   */
  readonly close?: boolean;
}

const PATH = 'fromCacheManager';

/**
 * Makes a cache live in a store of cache-manager 5: `fromCacheManager(redisStore({ … }))`,
 * `fromCacheManager((client) => redisInsStore(client, { keyPrefix: 'app' }))` over the client of the cache's connection.
 *
 * Only `get`, `set` and `del` of the store are used, one call per key. Over its client the rest is done on the same keys:
 * `mget` and `mdel` with the prefix, PTTL, `add` by SET NX, `incr`, `keys` by SCAN, and `clear`, which removes the keys below
 * the prefix and never another; without a prefix `clear` is refused. A store without a client (memory, file system) has
 * none of these but `get`, `set`, `del`, `mget`, `mset` and `mdel`; the others throw `InvalidOptionsError`. Values are what JSON keeps; what the
 * store's `isCacheable` turns down (`null`, by default) is returned and not stored. An answer is waited for 2 s at most.
 *
 * @throws InvalidOptionsError when it is none of these, or, at start, when the store cannot be made
 */
export function fromCacheManager(
  source: CacheManagerSource,
  options: CacheManagerOptions = {},
): StoreFactory {
  const { keyPrefix, close } = optionsObject(options, PATH, ['keyPrefix', 'close']);
  if (keyPrefix !== undefined && typeof keyPrefix !== 'string') {
    throw new InvalidOptionsError(`${PATH}.keyPrefix`, 'must be a string', keyPrefix);
  }
  if (close !== undefined && typeof close !== 'boolean') {
    throw new InvalidOptionsError(`${PATH}.close`, 'must be true or false', close);
  }
  const given = early(source);
  return {
    format: 'json',
    open: async (context) => {
      const ready = await storeOf(given, context);
      const { client } = ready.store;
      const closes = options.close ?? (!ready.given && client !== context.client);
      return openStore(ready, context, { ...options, close: closes });
    },
  };
}

interface Made {
  readonly store: CacheManagerV5Store;
  /** Whether the caller had it already: its client is the caller's. */
  readonly given: boolean;
  readonly release: () => void;
}

interface Maker {
  readonly wantsClient: boolean;
  make(client: unknown): Promise<Made>;
}

type Source = Made | Promise<Made> | Maker;

/** A store that is already there, or on its way, is listened to from now on: its client may fail before the start. */
function early(source: CacheManagerSource): Source {
  if (typeof source === 'function') {
    return {
      wantsClient: source.length > 0,
      async make(client) {
        const store = await source(client);
        return made(store, store.client === client ? undefined : store.client, false);
      },
    };
  }
  if (isCacheManagerStore(source)) return made(source, source.client, true);
  if (typeof (source as Partial<PromiseLike<unknown>> | null)?.then !== 'function') {
    const rule = 'takes a store of cache-manager 5, a promise of one, or a function that makes one';
    throw new InvalidOptionsError(PATH, rule, source);
  }
  const promise = Promise.resolve(source).then((store) => made(store, store.client, false));
  promise.catch(() => {});
  return promise;
}

function made(store: CacheManagerV5Store, client: unknown, given: boolean): Made {
  return { store, given, release: silence(client) };
}

async function storeOf(source: Source, context: StoreContext): Promise<Made> {
  const path = `caches.${context.cache}.store`;
  if ('wantsClient' in source && source.wantsClient && context.client === undefined) {
    throw new InvalidOptionsError(path, 'the function wants the client of a connection, and there is none');
  }
  let ready: Made;
  try {
    ready = 'make' in source ? await source.make(context.client) : await source;
  } catch (error) {
    const wrong = new InvalidOptionsError(path, 'the cache-manager store could not be made');
    wrong.cause = error;
    throw wrong;
  }
  if (!isCacheManagerStore(ready.store)) {
    throw new InvalidOptionsError(
      path,
      'must have get, set and del, as a store of cache-manager 5',
      ready.store,
    );
  }
  claim(ready.store, context.cache);
  return ready;
}

async function openStore(
  { store, release }: Made,
  context: StoreContext,
  options: CacheManagerOptions & { readonly close: boolean },
): Promise<Store> {
  const { cache, codec, clock, unreadable } = context;
  const calls = new ForeignCalls(`cache-manager store of the cache ${cache}`, clock);
  const own = store.client !== undefined && store.client === context.client;
  const client = foreignClient(store.client);
  const layout = await layoutFor(store, client, cache, options.keyPrefix);
  const connection = own ? context.connection : client && clientConnection(client, calls);
  const reach: Pick<CacheManagerContext, 'raw' | 'past'> =
    connection === undefined || layout.prefix === undefined
      ? { raw: undefined, past: connection === undefined ? NO_CLIENT : NO_PREFIX }
      : {
          raw: new PlainJsonStore({
            ...{ cache, codec, clock, unreadable, connection },
            space: new PlainJsonSpace(layout.prefix),
          }),
          past: '',
        };
  return new CacheManagerStore({
    ...{ cache, codec, clock, unreadable, store, calls, release, ...reach },
    ready: () => (own ? context.connection?.available : client?.isReady),
    json: layout.json,
    owned: options.close ? (store.client as ForeignClient | undefined) : undefined,
  });
}

const NO_CLIENT = 'the store has no client that reaches its entries';
const NO_PREFIX =
  'it cannot be seen what the store puts in front of its keys; give fromCacheManager a keyPrefix';

async function layoutFor(
  store: CacheManagerV5Store,
  client: object | undefined,
  cache: string,
  prefix: string | undefined,
): Promise<Layout> {
  const seen = client === undefined ? { prefix: undefined, json: false } : await layoutOf(store, client);
  if (prefix !== undefined && seen.prefix !== undefined && prefix !== seen.prefix) {
    throw new InvalidOptionsError(
      `caches.${cache}.store`,
      `fromCacheManager was given the keyPrefix ${JSON.stringify(prefix)}, but the store puts ${JSON.stringify(seen.prefix)} in front of its keys`,
    );
  }
  return { prefix: seen.prefix ?? prefix, json: seen.json };
}
