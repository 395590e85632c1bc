import { setCacheableMetadata, type ResponseOptions } from '../di/route-metadata.js';
import type { Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { decorateMethod, decoratorPath } from './decorate-method.js';
import type {
  AnyMethod,
  DeferredFit,
  KeyFit,
  MethodFit,
  MethodKey,
  ObservableFit,
  ReadFit,
  ResultClass,
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
> {
  /** The name of the cache. Default: `'default'`. */
  readonly cache?: string;
  /** A fixed key, or a function of the arguments. Default: made of the class's name, the method's and the arguments. */
  readonly key?: K;
  /** How long a result lives; `null` = never expires. Default: what a key definition in `key` says, else the cache's. */
  readonly ttl?: Duration | null;
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

type CacheableFit<T, M, K, W, U, C, R> = MethodFit<T, M> &
  KeyFit<T, M, K> &
  ReadFit<M, K> &
  WhenFit<T, M, W> &
  UnlessFit<T, M, U> &
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

const OPTIONS = ['cache', 'key', 'ttl', 'when', 'unless', 'type', 'returns', 'response'];

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
>(
  options: string | CacheableOptions<K, W, U, C, R> = {},
): <T extends object, M extends AnyMethod>(
  target: T,
  name: string | symbol,
  descriptor?: TypedPropertyDescriptor<M> & CacheableFit<T, M, K, W, U, C, R>,
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
    const { cache, key, load, unless } = plan;
    setCacheableMetadata(handler, {
      cache,
      key: typeof key === 'string' ? key : undefined,
      ttl: load.ttl,
      response: readResponse(reader),
      vetoable: unless !== undefined,
    });
  };
}

function readCacheable(reader: OptionReader): CacheablePlan {
  const ttl = reader.ttl();
  return {
    decorator: '@Cacheable',
    cache: reader.cache(),
    key: reader.key(),
    load: ttl === undefined ? {} : { ttl },
    when: reader.callback('when'),
    unless: reader.callback('unless'),
    type: reader.callback('type', 'must be a class'),
    returns: reader.oneOf('returns', ['observable']),
    response: reader.has('response'),
  };
}

function readResponse(reader: OptionReader): ResponseOptions {
  if (!reader.has('response')) return {};
  const options = reader.nested('response', ['key', 'when']);
  const key = options.callback<string>('key');
  const when = options.callback<boolean>('when');
  return { ...(key && { key }), ...(when && { when }) };
}
