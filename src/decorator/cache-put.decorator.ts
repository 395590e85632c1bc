import type { Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { decorateMethod, decoratorPath } from './decorate-method.js';
import type {
  AnyMethod,
  KeyFit,
  MethodFit,
  MethodKey,
  MethodTags,
  ResultTagsCallback,
  ResultTagsFit,
  StoredFit,
  TagsFit,
  UnlessCallback,
  UnlessFit,
  WhenCallback,
  WhenFit,
} from './method-fit.js';
import { OptionReader } from './method-options.js';
import type { CachePutPlan } from './method-plan.js';

/** What `@CachePut` may say. Callbacks are checked against the method, as those of `@Cacheable`. */
export interface CachePutOptions<
  K extends MethodKey = MethodKey,
  W extends WhenCallback | undefined = WhenCallback | undefined,
  U extends UnlessCallback | undefined = UnlessCallback | undefined,
  G extends MethodTags = MethodTags,
  X extends ResultTagsCallback | undefined = ResultTagsCallback | undefined,
> {
  /** The name of the cache. Default: `'default'`. */
  readonly cache?: string;
  /** A fixed key, or a function of the arguments. */
  readonly key: K;
  /** How long the result lives; `null` = never expires. Default: what a key definition in `key` says, else the cache's. */
  readonly ttl?: Duration | null;
  /**
   * Tags by which the result can be invalidated: a list, or a function of the arguments. Those of a key definition in
   * `key` come to them.
   */
  readonly tags?: G;
  /** More tags, which only the result tells: a function of it and the arguments. */
  readonly resultTags?: X;
  /** False: the result of this call is not stored. */
  readonly when?: W;
  /** True: this result is not stored. */
  readonly unless?: U;
}

type CachePutFit<T, M, K, W, U, G, X> = MethodFit<T, M> &
  KeyFit<T, M, K> &
  StoredFit<M, K> &
  WhenFit<T, M, W> &
  UnlessFit<T, M, U> &
  TagsFit<T, M, G> &
  ResultTagsFit<T, M, X>;

const OPTIONS = ['cache', 'key', 'ttl', 'tags', 'resultTags', 'when', 'unless'];

/**
 * Runs the method every time and stores what it resolves to, or emits last, before the caller gets it. `undefined` and
 * errors are not stored. On a route handler it stores the value, never the response.
 *
 * @throws InvalidOptionsError when the class is defined, for options that are wrong
 */
export function CachePut<
  K extends MethodKey,
  W extends WhenCallback | undefined = undefined,
  U extends UnlessCallback | undefined = undefined,
  G extends MethodTags = readonly string[],
  X extends ResultTagsCallback | undefined = undefined,
>(
  options: CachePutOptions<K, W, U, G, X>,
): <T extends object, M extends AnyMethod>(
  target: T,
  name: string | symbol,
  descriptor?: TypedPropertyDescriptor<M> & CachePutFit<T, M, K, W, U, G, X>,
) => void {
  return (target, name, descriptor) => {
    const reader = new OptionReader(options, decoratorPath(target, name, '@CachePut'), OPTIONS);
    decorateMethod(target, name, descriptor, readCachePut(reader));
  };
}

function readCachePut(reader: OptionReader): CachePutPlan {
  const ttl = reader.ttl();
  const key = reader.key();
  if (key === undefined)
    throw new InvalidOptionsError(`${reader.path}.key`, 'is needed: where the result is stored');
  return {
    decorator: '@CachePut',
    cache: reader.cache(),
    key,
    write: ttl === undefined ? {} : { ttl },
    tags: reader.entryTags(),
    resultTags: reader.callback('resultTags'),
    when: reader.callback('when'),
    unless: reader.callback('unless'),
  };
}
