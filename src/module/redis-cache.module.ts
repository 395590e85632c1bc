import {
  Inject,
  Logger,
  Module,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { CacheOptions } from '../cache/cache-options.js';
import { CacheBinding } from '../decorator/cache-binding.js';
import { startDecoratedHosts, type Unbound } from '../decorator/host-discovery.js';
import { getCacheToken } from '../di/tokens.js';
import { InvalidOptionsError } from '../errors.js';
import { optionsObject } from '../option.js';
import { optionsFactory, type FeatureAsyncOptions } from './async-options.js';
import { CacheHost } from './cache-host.js';
import {
  namedOptions,
  resolveModuleOptions,
  type RedisCacheModuleAsyncOptions,
  type RedisCacheModuleOptions,
} from './module-options.js';
import {
  featureProviders,
  noSessionProviders,
  RESOLVED_OPTIONS,
  rootProviders,
  SESSION_HOST,
  sessionProviders,
  tokensOf,
  unlistedDefaultClient,
} from './module-providers.js';
import { RedisCacheFeatureModule } from './redis-cache-feature.module.js';
import { ResponseHost } from './response-host.js';
import type { SessionHost } from './session-host.js';

/**
 * Named caches, cached methods and cached responses for an application. Import it once, before the modules that use it, by
 * `forRoot()` or `forRootAsync()`; features add caches of their own by `forFeature()`.
 */
@Module({})
export class RedisCacheModule implements NestModule, OnModuleInit, OnApplicationShutdown {
  readonly #host: CacheHost;
  readonly #binding: CacheBinding;
  readonly #responses: ResponseHost;
  readonly #sessions: SessionHost | null;
  readonly #modules: ModulesContainer;

  /** @internal */
  constructor(
    host: CacheHost,
    binding: CacheBinding,
    responses: ResponseHost,
    @Inject(SESSION_HOST) sessions: SessionHost | null,
    modules: ModulesContainer,
  ) {
    this.#host = host;
    this.#binding = binding;
    this.#responses = responses;
    this.#sessions = sessions;
    this.#modules = modules;
    binding.fill(host.registry);
  }

  /**
   * The module with its options. Global unless `global: false`.
   *
   * @throws InvalidOptionsError naming the option, the rule and the value
   */
  static forRoot(options: RedisCacheModuleOptions = {}): DynamicModule {
    const resolved = resolveModuleOptions(options);
    const providers = [
      ...rootProviders(resolved.caches.keys(), resolved.connections.keys()),
      ...(resolved.session === undefined ? noSessionProviders() : sessionProviders()),
    ];
    return rootModule(options.global, [{ provide: RESOLVED_OPTIONS, useValue: resolved }], providers);
  }

  /**
   * The module with options that are made by a factory. `caches` and `connections` list what is to be injectable by name.
   *
   * @throws InvalidOptionsError when not exactly one of `useFactory`, `useClass` and `useExisting` is given; the options
   *   that the factory makes are checked when the application starts
   */
  static forRootAsync(options: RedisCacheModuleAsyncOptions): DynamicModule {
    optionsObject(options, 'options', ASYNC_OPTIONS);
    const listed = options.caches ?? [];
    const made = optionsFactory(RESOLVED_OPTIONS, options, (raw) => {
      const resolved = resolveModuleOptions(raw, listed);
      const { global } = (raw ?? {}) as RedisCacheModuleOptions;
      if (global === undefined) return resolved;
      throw new InvalidOptionsError('options.global', 'stands beside useFactory', global);
    });
    const clients = options.connections ?? [];
    const providers = [...rootProviders(new Set(['default', ...listed]), clients), ...sessionProviders()];
    if (!clients.includes('default')) providers.push(unlistedDefaultClient());
    return { ...rootModule(options.global, made, providers), imports: options.imports ?? [] };
  }

  /** Caches beside the feature that uses them. The same cache declared twice with equal options is one cache. */
  static forFeature(caches: Record<string, CacheOptions>): DynamicModule {
    const providers = featureProviders(namedOptions(caches, 'caches'));
    return { module: RedisCacheFeatureModule, providers, exports: tokensOf(providers) };
  }

  /** Caches of a feature whose options are made by a factory: `caches` lists their names. */
  static forFeatureAsync(options: FeatureAsyncOptions): DynamicModule {
    optionsObject(options, 'options', ['useFactory', 'inject', 'imports', 'caches']);
    const token = Symbol('nestjs-redis-cache:feature');
    const made = optionsFactory(token, options, (raw) => namedOptions(raw, 'caches'));
    const providers = options.caches.map((name) => ({
      provide: getCacheToken(name),
      useFactory: (host: CacheHost, caches: Readonly<Record<string, unknown>>) =>
        host.starting(() => host.declare(name, caches[name] ?? {})),
      inject: [CacheHost, token],
    }));
    return {
      module: RedisCacheFeatureModule,
      imports: options.imports ?? [],
      providers: [...made, ...providers],
      exports: tokensOf(providers),
    };
  }

  /**
   * Puts the response cache in front of all interceptors, and sessions in front of the middleware of all modules: routes are
   * built, and middleware is mounted, right after this hook.
   */
  async configure(_consumer: MiddlewareConsumer): Promise<void> {
    this.#responses.install(this.#modules);
    await this.#host.starting(() => this.#sessions?.install());
  }

  /** Ties decorated methods to the caches, checks what they and routes say, and what sessions need. */
  async onModuleInit(): Promise<void> {
    const unbound = await this.#host.starting(({ registry }) => {
      const hosts = startDecoratedHosts(this.#modules, this.#binding, registry);
      this.#responses.start(this.#modules);
      return hosts;
    });
    await this.#host.starting(() => this.#sessions?.start());
    this.#host.started();
    warnOfUnbound(unbound);
  }

  /** Stores what is still to be stored, and closes the connections that are ours. */
  async onApplicationShutdown(): Promise<void> {
    await this.#responses.drain();
    await this.#sessions?.close();
    await this.#host.close();
  }
}

const UNBOUND = {
  hidden:
    'the module that provides the class cannot see RedisCacheModule. Import it there, or leave it global.',
  frozen: 'the instance is frozen, and so cannot be tied to the application. Provide one that is not.',
} as const;

function warnOfUnbound(unbound: readonly Unbound[]): void {
  for (const reason of ['hidden', 'frozen'] as const) {
    const names = unbound.filter((one) => one.reason === reason).map((one) => one.name);
    if (names.length === 0) continue;
    new Logger('RedisCache').warn(
      `The decorated methods of ${names.join(', ')} run uncached: ${UNBOUND[reason]}`,
    );
  }
}

const ASYNC_OPTIONS = [
  ...['useFactory', 'useClass', 'useExisting', 'inject', 'imports', 'extraProviders'],
  ...['caches', 'connections', 'global'],
];

function rootModule(global: boolean | undefined, options: Provider[], providers: Provider[]): DynamicModule {
  return {
    module: RedisCacheModule,
    global: global ?? true,
    providers: [...options, ...providers],
    exports: tokensOf(providers),
  };
}
