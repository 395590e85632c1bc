import type { Clock } from '../../clock.js';
import type { RedisConnection } from '../../connection/connection.js';
import type { ResolvedSessionStorage } from './resolve-storage-options.js';
import type { SessionEvent } from './session-event.js';
import type { SessionStorage } from './session-storage.js';

/** What a storage of sessions is made of. */
export interface SessionStorageParts {
  readonly connection: RedisConnection;
  readonly settings: ResolvedSessionStorage;
  readonly clock: Clock;
  /** Takes what becomes of sessions; must not throw. */
  readonly report: (event: SessionEvent) => void;
}

/** A storage of sessions with its life. */
export interface ManagedSessionStorage extends SessionStorage {
  /** Begins to look for sessions whose time has passed, now and then. */
  start(): void;
  /** Ends that, and waits for what is under way. */
  close(): Promise<void>;
}

/** Sessions in Redis. */
export declare function redisSessionStorage(parts: SessionStorageParts): ManagedSessionStorage;
