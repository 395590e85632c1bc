import type { CacheManagerV5Store } from './cache-manager-v5.js';

/** How a store keeps its entries in Redis, as far as it can be seen. */
export interface Layout {
  /** What it puts in front of keys; `undefined` = it cannot be seen. */
  readonly prefix: string | undefined;
  /** Whether the values are bare JSON. */
  readonly json: boolean;
}

const KEY = 'layout-of-the-store';
const VALUE = { layout: ['plain', 'json'] };

/**
 * Finds out the Redis key and the format of a store's entries, which cache-manager's contract does not tell: it asks the
 * store for a key while the client's `get` is exchanged, for this one synchronous call, for one that notes the Redis key
 * and answers with JSON. Sends nothing. A store that does not call `client.get` at once shows nothing.
 */
export async function layoutOf(store: CacheManagerV5Store, client: object): Promise<Layout> {
  const asked: unknown[] = [];
  const own = Object.getOwnPropertyDescriptor(client, 'get');
  const get = (key: unknown): Promise<string> => {
    asked.push(key);
    return Promise.resolve(JSON.stringify(VALUE));
  };
  let answer: Promise<unknown>;
  try {
    Object.defineProperty(client, 'get', { value: get, configurable: true, writable: true });
    answer = store.get(KEY);
  } catch {
    return { prefix: undefined, json: false };
  } finally {
    if (own === undefined) delete (client as { get?: unknown }).get;
    else Object.defineProperty(client, 'get', own);
  }
  const settled = answer.catch(() => undefined);
  const [key] = asked;
  if (asked.length !== 1 || typeof key !== 'string' || !key.endsWith(KEY)) {
    return { prefix: undefined, json: false };
  }
  return {
    prefix: key.slice(0, -KEY.length),
    json: JSON.stringify(await settled) === JSON.stringify(VALUE),
  };
}
