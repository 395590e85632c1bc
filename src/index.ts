export { RedisCacheModule } from './module/redis-cache.module.js';
export type { FeatureAsyncOptions } from './module/async-options.js';
export type {
  AsyncOptions,
  RedisCacheModuleAsyncOptions,
  RedisCacheModuleOptions,
  RedisCacheOptionsFactory,
} from './module/module-options.js';
export { getCacheToken, getRedisToken, InjectCache, InjectRedis, SESSION_MIDDLEWARE } from './di/tokens.js';
export { SessionService, type SessionDetails, type SessionInfo } from './session/session.service.js';
export type { SessionDevice, SessionFields } from './session/record/session-record.js';
export type { SessionEvent } from './session/storage/session-event.js';
export type { LoginAttempt } from './session/storage/session-storage.js';
export { RedisSessionStore, type StoredSession } from './session/redis-session-store.js';
export type {
  RedisSessionStoreOptions,
  SessionCookieOptions,
  SessionKey,
  SessionOptions,
} from './session/session-options.js';
export { CacheRegistry } from './di/cache-registry.js';
export { NamedCache } from './cache/named-cache.js';
export type { LoadOptions } from './cache/load-options.js';
export type { CacheEntry } from './cache/lookup.js';
export type { CacheItem, WrapOptions } from './cache/cache-manager-contract.js';
export type { CountOptions } from './cache/count-options.js';
export type { CacheOptions, MemoryOptions } from './cache/cache-options.js';
export type { CacheStats } from './cache/cache-stats.js';
export type { LoadContext, Loader } from './cache/load-context.js';
export type { MutationTargets } from './cache/mutation.js';
export type { SetOptions } from './cache/set-ttl.js';
export type { StaleOptions } from './cache/stale-options.js';
export type { TimeoutOptions } from './cache/timeout-options.js';
export type { WalkOptions } from './cache/walk-options.js';
export type { ClearOptions } from './cache/writing.js';
export type { Lock, LockOptions, Locks } from './lock/lock.js';
export { Cacheable, type CacheableOptions } from './decorator/cacheable.decorator.js';
export { CacheEvict, type CacheEvictOptions } from './decorator/cache-evict.decorator.js';
export { CachePut, type CachePutOptions } from './decorator/cache-put.decorator.js';
export { ResponseCacheInterceptor } from './http/response-cache.interceptor.js';
export { ResponseCache, type RouteParams } from './http/invalidation/response-cache.service.js';
export { NoCache } from './http/route/no-cache.decorator.js';
export { ResponseCacheContext, ResponseCacheCtx } from './http/response-cache-ctx.js';
export type { ResponseCacheOptions, ResponseOptions, ResponsePolicyOptions } from './di/response-options.js';
export {
  defineKey,
  type CacheKey,
  type KeyDefinition,
  type KeyOptions,
  type KeyPart,
  type KeyPartOptions,
  type KeyTtl,
  type RootKeyDefinition,
  type UntypedKey,
} from './key/typed-key.js';
export type { Duration } from './duration.js';
export type { CompressionAlgorithm, Compressor, Serializer } from './codec/codec-options.js';
export { brotli, gzip, zstd, type CompressionOptions } from './codec/zlib-compressor.js';
export type { Type } from './codec/type.js';
export type { BorrowedClient } from './connection/borrowed-client.js';
export type { ConnectionOptions } from './connection/connection-options.js';
export {
  fromCacheManager,
  type CacheManagerOptions,
  type CacheManagerSource,
} from './store/cache-manager-factory.js';
export type { CacheManagerV5Store } from './store/cache-manager-v5.js';
export { plainJsonStore, type PlainJsonOptions } from './store/plain-json-store.js';
export type { Barrier, Claim, Coherence, Fill, Lease, LeaseRequest, LoadEnd } from './store/coherence.js';
export type { CoherentStore } from './store/coherent-store.js';
export type {
  ClosableStore,
  DivisibleStore,
  Store,
  StoreContext,
  StoredEntry,
  StoreFactory,
  StoreWrite,
} from './store/store.js';
export type { CacheEvent } from './event/cache-event.js';
export { EVENT_CHANNEL } from './event/reporter.js';
export {
  InvalidOptionsError,
  LoadTimeoutError,
  LockLostError,
  LockTimeoutError,
  NotANumberError,
  PayloadTooLargeError,
  RedisCacheError,
  RedisUnavailableError,
  SerializationError,
  SessionGoneError,
  UnknownCacheError,
  type RedisCacheErrorCode,
} from './errors.js';
