import { fromForeignKey, toForeignKey } from './foreign-space.js';

/** An entry as a Keyv keeps it. */
export interface KeyvEntry {
  readonly value?: unknown;
  /** Milliseconds since the epoch; absent = never. */
  readonly expires?: number | null;
}

/** The part of a Keyv that we use, of either major version. */
export interface AnyKeyv {
  readonly namespace?: string | undefined;
  readonly store: unknown;
  /** Keyv 5 only. */
  readonly useKeyPrefix?: boolean;
  readonly serialize?: unknown;
  readonly deserialize?: unknown;
  /** Keyv 6 only. */
  readonly serialization?: unknown;
  get(key: string, options: { raw: true }): Promise<unknown>;
  /** Absent from early versions of Keyv 5. */
  getRaw?(key: string): Promise<unknown>;
  set(key: string, value: unknown, ttl: number): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  iterator?(): AsyncIterable<[string, unknown]>;
  disconnect(): Promise<unknown>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** A Keyv as an application hands it in: its copy may be typed by another version, or as CommonJS, and is the same to us. */
export type KeyvLike = Pick<AnyKeyv, 'store' | 'get' | 'set' | 'delete' | 'disconnect' | 'on'>;

/** What Keyv calls a store: a Map, or an adapter. */
interface KeyvBackend {
  readonly store?: unknown;
  readonly capabilities?: { readonly methods?: { readonly iterator?: { readonly exists: boolean } } };
  iterator?(namespace?: string): AsyncIterable<unknown>;
  on?(event: 'error', listener: (error: unknown) => void): unknown;
}

/** The place behind a Keyv. */
export function backendOf(keyv: AnyKeyv): KeyvBackend {
  return keyv.store as KeyvBackend;
}

/** Whether a Keyv lives in this process, so that all that is there was written through it. */
export function isInProcess(keyv: AnyKeyv): boolean {
  return keyv.store instanceof Map || backendOf(keyv).store instanceof Map;
}

/** Whether a Keyv keeps the very objects that it was given, and gives them to every reader. */
export function keepsReferences(keyv: AnyKeyv): boolean {
  if (isVersion5(keyv)) return keyv.serialize === undefined || keyv.deserialize === undefined;
  return keyv.serialization === undefined;
}

/** The key to give to a Keyv. */
export function keyvKey(keyv: AnyKeyv, userKey: string): string {
  const prefix = prefixOf(keyv);
  const key = toForeignKey(userKey);
  // Keyv 5 takes a key that begins like its prefix for one that has it already: two keys would share an entry.
  return prefix !== '' && key.startsWith(prefix) ? prefix + key : key;
}

/** Walks the keys of a Keyv; `undefined` where its backend cannot. May give keys that hold no entry of this Keyv. */
export function keyvKeys(keyv: AnyKeyv): AsyncIterable<string> | undefined {
  const backend = backendOf(keyv);
  if (isVersion5(keyv)) {
    // Its own iterator mixes up namespaces, and cuts keys at the wrong colon.
    const found = keyv.store instanceof Map ? mapKeys(keyv.store) : backend.iterator?.(keyv.namespace);
    return found === undefined ? undefined : ownKeys(found, prefixOf(keyv));
  }
  const walks = backend.capabilities?.methods?.iterator?.exists === true || backend.store instanceof Map;
  return walks && keyv.iterator !== undefined ? ownKeys(keyv.iterator(), '') : undefined;
}

async function* mapKeys(map: ReadonlyMap<unknown, unknown>): AsyncIterable<unknown> {
  yield* [...map.keys()];
}

async function* ownKeys(found: AsyncIterable<unknown>, prefix: string): AsyncIterable<string> {
  for await (const entry of found) {
    const key: unknown = Array.isArray(entry) ? entry[0] : entry;
    if (typeof key === 'string' && key.startsWith(prefix)) yield fromForeignKey(key.slice(prefix.length));
  }
}

/** What a Keyv itself puts in front of keys, beside what its backend does. */
function prefixOf(keyv: AnyKeyv): string {
  return keyv.useKeyPrefix === true && keyv.namespace ? `${keyv.namespace}:` : '';
}

function isVersion5(keyv: AnyKeyv): boolean {
  return 'useKeyPrefix' in keyv;
}
