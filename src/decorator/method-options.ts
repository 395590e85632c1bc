import { NEVER_STALE, resolveStale, type StaleOptions } from '../cache/stale-options.js';
import { NO_TIMEOUT, resolveTimeout, type TimeoutOptions } from '../cache/timeout-options.js';
import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { optionsObject, type RawOptions } from '../option.js';
import { tagList } from './method-tags.js';

/** A callback of a decorator, as it is called: `this` is the instance. */
export type Callback<R> = (this: unknown, ...args: unknown[]) => R;

/** A fixed key, or a function of the method's arguments. */
export type ResolvedKey = string | Callback<unknown>;

/** The tags of every call, and functions of the method's arguments that make more. */
export interface DeclaredTags {
  readonly fixed: readonly string[];
  readonly made: readonly Callback<unknown>[];
}

/** Reads the options of a decorator one by one; messages name `path`, which is the class, the method and the decorator. */
export class OptionReader {
  readonly path: string;
  readonly #options: RawOptions;

  /** @throws InvalidOptionsError when `options` is no object or has a name that is not among `known` */
  constructor(options: unknown, path: string, known: readonly string[]) {
    this.path = path;
    this.#options = optionsObject(options, path, known);
  }

  has(name: string): boolean {
    return this.#options[name] !== undefined;
  }

  /** The name of the cache; `'default'` when left out. */
  cache(): string {
    const name = this.#options['cache'] ?? 'default';
    if (typeof name === 'string' && name !== '') return name;
    throw this.#wrong('cache', 'must be the name of a cache');
  }

  key(): ResolvedKey | undefined {
    const key = this.#options['key'];
    if (key === undefined || typeof key === 'string') return key;
    return this.callback('key', 'must be a string or a function that makes one');
  }

  /** The declared ttl, or the one that a key definition carries; `undefined` = the cache's own. */
  ttl(): Duration | null | undefined {
    const carried = this.#options['key'];
    const own = this.#options['ttl'];
    const ttl = own === undefined && typeof carried === 'function' ? (carried as { ttl?: unknown }).ttl : own;
    if (ttl === undefined || ttl === null) return ttl;
    milliseconds(ttl as Duration, `${this.path}.ttl`);
    return ttl as Duration;
  }

  /** The declared tags; `undefined` = none are. */
  tags(): DeclaredTags | undefined {
    const tags = this.#options['tags'];
    if (tags === undefined) return undefined;
    if (typeof tags === 'function') return { fixed: [], made: [tags as Callback<unknown>] };
    return { fixed: tagList(tags, `${this.path}.tags`), made: [] };
  }

  /** The declared tags beside those that a key definition carries. */
  entryTags(): DeclaredTags | undefined {
    const own = this.tags();
    const key = this.#options['key'];
    const carried = typeof key === 'function' ? (key as { tags?: unknown }).tags : undefined;
    if (typeof carried !== 'function') return own;
    return { fixed: own?.fixed ?? [], made: [...(own?.made ?? []), carried as Callback<unknown>] };
  }

  /** The declared stale options, as they are given to the cache. */
  stale(): StaleOptions | undefined {
    const stale = this.#options['stale'];
    resolveStale(stale, `${this.path}.stale`, NEVER_STALE);
    return stale as StaleOptions | undefined;
  }

  /** The declared timeouts, as they are given to the cache. */
  timeout(): TimeoutOptions | undefined {
    const timeout = this.#options['timeout'];
    resolveTimeout(timeout, `${this.path}.timeout`, NO_TIMEOUT);
    return timeout as TimeoutOptions | undefined;
  }

  callback<R>(name: string, rule = 'must be a function'): Callback<R> | undefined {
    const value = this.#options[name];
    if (value === undefined || typeof value === 'function') return value as Callback<R> | undefined;
    throw this.#wrong(name, rule);
  }

  flag(name: string): boolean {
    const value = this.#options[name] ?? false;
    if (typeof value === 'boolean') return value;
    throw this.#wrong(name, 'must be true or false');
  }

  /** The options that stand under `name`, as they were given. */
  group(name: string, known: readonly string[]): RawOptions {
    return optionsObject(this.#options[name], `${this.path}.${name}`, known);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.#options[name];
    if (value === undefined || allowed.includes(value as T)) return value as T | undefined;
    throw this.#wrong(name, `must be ${allowed.join(' or ')}`);
  }

  #wrong(name: string, rule: string): InvalidOptionsError {
    return new InvalidOptionsError(`${this.path}.${name}`, rule, this.#options[name]);
  }
}
