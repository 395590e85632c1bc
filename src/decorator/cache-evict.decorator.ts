import { InvalidOptionsError } from '../errors.js';
import { decorateMethod, decoratorPath } from './decorate-method.js';
import type {
  AnyMethod,
  KeyFit,
  MethodFit,
  MethodKey,
  MethodTags,
  TagsFit,
  WhenCallback,
  WhenFit,
} from './method-fit.js';
import { OptionReader } from './method-options.js';
import type { EvictionPlan } from './method-plan.js';

/** What `@CacheEvict` may say besides what it evicts. */
interface EvictionCircumstances<W extends WhenCallback | undefined> {
  /** The name of the cache. Default: `'default'`. */
  readonly cache?: string;
  /** True: before the method runs, and whatever becomes of it. Default: after it succeeded. */
  readonly before?: boolean;
  /** False: this call evicts nothing. Asked before the method runs. */
  readonly when?: W;
}

/** Evicts one entry: a fixed key, or a function of the arguments. The tags of a key definition are not evicted. */
interface EvictKey<K extends MethodKey, G extends MethodTags> {
  readonly key: K;
  readonly tags?: G;
  readonly all?: never;
}

/** Evicts every entry with one of the tags, responses included, in one round trip: a list, or a function of the arguments. */
interface EvictTags<K extends MethodKey, G extends MethodTags> {
  readonly key?: K;
  readonly tags: G;
  readonly all?: never;
}

/** Evicts every entry of the cache, responses included, in one round trip. */
interface EvictAll {
  readonly all: true;
  readonly key?: never;
  readonly tags?: never;
}

/** What `@CacheEvict` may say: `key`, `tags` or both, or `all`. Callbacks are checked against the method, as those of `@Cacheable`. */
export type CacheEvictOptions<
  K extends MethodKey = MethodKey,
  W extends WhenCallback | undefined = WhenCallback | undefined,
  G extends MethodTags = MethodTags,
> = EvictionCircumstances<W> & (EvictKey<K, G> | EvictTags<K, G> | EvictAll);

type CacheEvictFit<T, M, K, W, G> = MethodFit<T, M> & KeyFit<T, M, K> & WhenFit<T, M, W> & TagsFit<T, M, G>;

const OPTIONS = ['cache', 'key', 'tags', 'all', 'before', 'when'];

/**
 * Removes an entry, all entries with a tag, or all of a cache, once the method succeeded and before its caller gets the result. May stand on a
 * method several times, and beside `@Cacheable` or `@CachePut`: then evictions before the method come first, and those
 * after it last, also when the cached result is given.
 *
 * @throws InvalidOptionsError when the class is defined, for options that are wrong
 */
export function CacheEvict<
  K extends MethodKey = string,
  W extends WhenCallback | undefined = undefined,
  G extends MethodTags = readonly string[],
>(
  options: CacheEvictOptions<K, W, G>,
): <T extends object, M extends AnyMethod>(
  target: T,
  name: string | symbol,
  descriptor?: TypedPropertyDescriptor<M> & CacheEvictFit<T, M, K, W, G>,
) => void {
  return (target, name, descriptor) => {
    const reader = new OptionReader(options, decoratorPath(target, name, '@CacheEvict'), OPTIONS);
    decorateMethod(target, name, descriptor, readEviction(reader));
  };
}

function readEviction(reader: OptionReader): EvictionPlan {
  const key = reader.key();
  const tags = reader.tags();
  const all = reader.flag('all');
  if (all === (key !== undefined || tags !== undefined)) {
    throw new InvalidOptionsError(reader.path, 'needs either "key", "tags" or both, or "all: true"');
  }
  return {
    decorator: '@CacheEvict',
    cache: reader.cache(),
    key,
    tags,
    all,
    before: reader.flag('before'),
    when: reader.callback('when'),
  };
}
