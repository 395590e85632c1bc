import type {
  FactoryProvider,
  InjectionToken,
  ModuleMetadata,
  OptionalFactoryDependency,
  Provider,
} from '@nestjs/common';
import type { CacheOptions } from '../cache/cache-options.js';
import { InvalidOptionsError } from '../errors.js';
import type { RedisCacheModuleAsyncOptions, RedisCacheOptionsFactory } from './module-options.js';

/** What `RedisCacheModule.forFeatureAsync()` takes. */
export interface FeatureAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** The names of the caches that the factory gives options for; one that it omits gets the defaults. */
  caches: string[];
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Nest's own factory providers
  useFactory: (...args: any[]) => Record<string, CacheOptions> | Promise<Record<string, CacheOptions>>;
  inject?: (InjectionToken | OptionalFactoryDependency)[];
}

type AsyncSource = Pick<
  RedisCacheModuleAsyncOptions,
  'useClass' | 'useExisting' | 'inject' | 'extraProviders'
> & {
  readonly useFactory?: (...args: never[]) => unknown;
};

const RULE = 'needs exactly one of useFactory, useClass and useExisting';

/** The providers that make options under `token` and let `resolve` check them. */
export function optionsFactory(
  token: symbol,
  source: AsyncSource,
  resolve: (raw: unknown) => unknown,
): Provider[] {
  const { useFactory, useClass, useExisting, inject = [], extraProviders = [] } = source;
  const given = [useFactory, useClass, useExisting].filter((one) => one !== undefined);
  if (given.length !== 1) throw new InvalidOptionsError('options', RULE);
  if (useFactory !== undefined) {
    if (typeof useFactory !== 'function')
      throw new InvalidOptionsError('options.useFactory', 'must be a function', useFactory);
    const made: FactoryProvider = {
      provide: token,
      useFactory: async (...args: never[]) => resolve(await useFactory(...args)),
      inject,
    };
    return [...extraProviders, made];
  }
  const factory = useClass ?? (useExisting as InjectionToken);
  const made: FactoryProvider = {
    provide: token,
    useFactory: async (one: RedisCacheOptionsFactory) => resolve(await one.createRedisCacheOptions()),
    inject: [factory],
  };
  return useClass === undefined ? [...extraProviders, made] : [...extraProviders, useClass, made];
}
