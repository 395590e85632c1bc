import type { StaleOptions } from '../cache/stale-options.js';
import type { TimeoutOptions } from '../cache/timeout-options.js';
import { RESPONSE_OPTIONS, type ResponseOptions } from '../di/response-options.js';
import { setCacheableMetadata } from '../di/route-metadata.js';
import type { Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { decorateMethod, decoratorPath } from './decorate-method.js';
import type {
  AnyMethod,
  DeferredFit,
  KeyFit,
  MethodFit,
  MethodKey,
  MethodTags,
  ObservableFit,
  ReadFit,
  ResultClass,
  ResultTagsCallback,
  ResultTagsFit,
  TagsFit,
  TypeFit,
  UnlessCallback,
  UnlessFit,
  WhenCallback,
  WhenFit,
} from './method-fit.js';
import { OptionReader } from './method-options.js';
import type { CacheablePlan } from './method-plan.js';

/**
 * What `@Cacheable` may say. The parameters of callbacks are annotated where they are written, and checked against the
 * method; `this` is the instance.
 */
export interface CacheableOptions<
  K extends MethodKey = MethodKey,
  W extends WhenCallback | undefined = WhenCallback | undefined,
  U extends UnlessCallback | undefined = UnlessCallback | undefined,
  C extends ResultClass | undefined = ResultClass | undefined,
  R extends 'observable' | undefined = 'observable' | undefined,
  G extends MethodTags = MethodTags,
  X extends ResultTagsCallback | undefined = ResultTagsCallback | undefined,
> {
  /** The name of the cache. Default: `'default'`. */
  readonly cache?: string;
  /** A fixed key, or a function of the arguments. Default: made of the class's name, the method's and the arguments. */
  readonly key?: K;
  /** How long a result lives; `null` = never expires. Default: what a key definition in `key` says, else the cache's. */
  readonly ttl?: Duration | null;
  /**
   * Tags by which the result can be invalidated: a list, or a function of the arguments. Those of a key definition in
   * `key` come to them. In the list of a route handler, `{name}` stands for a parameter of its path: `'product:{id}'`.
   */
  readonly tags?: G;
  /** More tags, which only the result tells: a function of it and the arguments. Not called on a hit. */
  readonly resultTags?: X;
  /** Serve a result after its ttl. Default: the cache's. Not on route handlers: see `response.stale`. */
  readonly stale?: StaleOptions;
  /** How long callers wait for the method. Default: the cache's. Not on route handlers: see `response.wait`. */
  readonly timeout?: TimeoutOptions;
  /** False: the call neither reads nor fills the cache. Not on route handlers: see `response.when`. */
  readonly when?: W;
  /** True: the result is returned and not stored. */
  readonly unless?: U;
  /** A class of which the result holds instances: the cache gives them back as instances. */
  readonly type?: C;
  /** Says that the method returns an Observable, where its result type is not annotated. */
  readonly returns?: R;
  /** What concerns the response of a route handler only. */
  readonly response?: ResponseOptions;
}

type CacheableFit<T, M, K, W, U, C, R, G, X> = MethodFit<T, M> &
  KeyFit<T, M, K> &
  ReadFit<M, K> &
  WhenFit<T, M, W> &
  UnlessFit<T, M, U> &
  TagsFit<T, M, G> &
  ResultTagsFit<T, M, X> &
  TypeFit<M, C> &
  ([R] extends [undefined] ? unknown : R extends 'observable' ? ObservableFit<M> : unknown) &
  ProviderFit<M, K, W>;

/** Functions of the arguments are refused on route handlers, which are the only methods that may give a result at once. */
type ProviderFit<M, K, W> = K extends (...args: never[]) => string
  ? DeferredFit<M>
  : [W] extends [undefined]
    ? unknown
    : W extends WhenCallback
      ? DeferredFit<M>
      : unknown;

const OPTIONS = [
  'cache',
  'key',
  'ttl',
  'tags',
  'resultTags',
  'when',
  'unless',
  'stale',
  'timeout',
  'type',
  'returns',
  'response',
];

/**
 * Caches what a method resolves to. The argument is the name of a cache, or options.
 *
 * On a provider's method the result is kept: calls with the same key get it without running the method, and calls that
 * overlap share one run. `undefined` and errors are not kept; `null` is. A method that returns an Observable gives one
 * whose subscribers each get the last value. On a controller's route handler the response is kept, by the interceptor.
 * An instance made by hand, or without the module, runs the method every time.
 *
 * @throws InvalidOptionsError when the class is defined, for options that are wrong
 */
export function Cacheable<
  K extends MethodKey = string,
  W extends WhenCallback | undefined = undefined,
  U extends UnlessCallback | undefined = undefined,
  C extends ResultClass | undefined = undefined,
  R extends 'observable' | undefined = undefined,
  G extends MethodTags = readonly string[],
  X extends ResultTagsCallback | undefined = undefined,
>(
  options: string | CacheableOptions<K, W, U, C, R, G, X> = {},
): <T extends object, M extends AnyMethod>(
  target: T,
  name: string | symbol,
  descriptor?: TypedPropertyDescriptor<M> & CacheableFit<T, M, K, W, U, C, R, G, X>,
) => void {
  const given = typeof options === 'string' ? { cache: options } : options;
  return (target, name, descriptor) => {
    const reader = new OptionReader(given, decoratorPath(target, name, '@Cacheable'), OPTIONS);
    const plan = readCacheable(reader);
    if (typeof name === 'symbol' && plan.key === undefined) {
      throw new InvalidOptionsError(
        `${reader.path}.key`,
        'is needed: a method named by a symbol has no default key',
      );
    }
    const handler = decorateMethod(target, name, descriptor, plan);
    const { cache, key, load, tags, resultTags, unless } = plan;
    setCacheableMetadata(handler, {
      cache,
      key: typeof key === 'string' ? key : undefined,
      ttl: load.ttl,
      response: readResponse(reader),
      ...routeTags(plan),
      judged: unless !== undefined || resultTags !== undefined || (tags?.made.length ?? 0) > 0,
    });
  };
}

/** What is known of a route's tags before its handler has run. */
function routeTags({ tags, resultTags }: CacheablePlan): { tags?: readonly string[] } {
  return tags === undefined && resultTags === undefined ? {} : { tags: tags?.fixed ?? [] };
}

function readCacheable(reader: OptionReader): CacheablePlan {
  return {
    decorator: '@Cacheable',
    cache: reader.cache(),
    key: reader.key(),
    load: readLoad(reader),
    tags: reader.entryTags(),
    resultTags: reader.callback('resultTags'),
    when: reader.callback('when'),
    unless: reader.callback('unless'),
    type: reader.callback('type', 'must be a class'),
    returns: reader.oneOf('returns', ['observable']),
    response: reader.has('response'),
  };
}

function readLoad(reader: OptionReader): CacheablePlan['load'] {
  const ttl = reader.ttl();
  const stale = reader.stale();
  const timeout = reader.timeout();
  return { ...(ttl !== undefined && { ttl }), ...(stale && { stale }), ...(timeout && { timeout }) };
}

/** Its values are checked by who understands them, when the application starts. */
function readResponse(reader: OptionReader): ResponseOptions {
  return reader.has('response') ? { ...reader.group('response', RESPONSE_OPTIONS) } : {};
}
