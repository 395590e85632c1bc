import type { Duration } from '../duration.js';
import type { BorrowedClient } from '../connection/borrowed-client.js';
import type { SessionFields } from './record/session-record.js';

/** How sessions are stored, whoever serves them. */
export interface SessionStorageOptions {
  /** In front of every key of the sessions. Must not overlap with the prefix of caches. */
  readonly prefix?: string;
  /** How long a session lives without being used; a session's own `cookie.maxAge` goes before. `null` = until the browser ends, a day at most. Default `'14d'`. */
  readonly ttl?: Duration | null;
  /** How long a session lives however often it is used. Default: no limit. */
  readonly absoluteTtl?: Duration;
  /** Whose session it is, from fields that are set after the user was authenticated. Needed to list and end the sessions of a user. */
  readonly userId?: (fields: SessionFields) => string | undefined;
  /** How many sessions a user may have: a further one ends the one that was seen least lately. Needs `userId`. */
  readonly maxPerUser?: number;
  /** Seals what sessions hold by AES-256-GCM. The first key seals, all of them open. */
  readonly encryption?: { readonly keys: readonly SessionKey[] };
  /** How much a session may hold, in bytes as stored. Default 64 KiB. */
  readonly maxBytes?: number;
  /** What a request learns whose session was ended while it ran: nothing (an event tells), or an error (409). Default `'event'`. */
  readonly onGone?: 'event' | 'error';
  /** Reads sessions that connect-redis has stored, and moves them; `'dual'` = leaves them in its format while old processes run. */
  readonly migrate?: 'dual' | { readonly prefix?: string; readonly mode?: 'move' | 'dual' };
  /** Accepts a Redis that may evict sessions. */
  readonly allowEviction?: boolean;
}

/** A key of `encryption`. */
export interface SessionKey {
  /** Names the key in what it sealed: letters, digits, `-` and `_`, 32 at most. */
  readonly id: string;
  /** 32 bytes, as a Buffer or in base64. */
  readonly key: Buffer | string;
}

/** The attributes of the session's cookie. */
export interface SessionCookieOptions {
  /** Default `'/'`. */
  readonly path?: string;
  readonly domain?: string;
  /** Default true. */
  readonly httpOnly?: boolean;
  /** `'auto'` = where the request came by HTTPS. Default `'auto'`. */
  readonly secure?: boolean | 'auto';
  /** Default `'lax'`. */
  readonly sameSite?: 'lax' | 'strict' | 'none';
  readonly partitioned?: boolean;
  readonly priority?: 'low' | 'medium' | 'high';
}

/** `session` of `RedisCacheModule.forRoot()`. */
export interface SessionOptions extends SessionStorageOptions {
  /** Signs the ids in cookies: at least 32 bytes each. The first one signs, all of them verify. */
  readonly secret: string | readonly string[];
  /** The connection that sessions live on. Default: the default one. */
  readonly connection?: string;
  /** The name of the cookie. Default `__Host-sid` with `cookie.secure: true`, else `sid`. */
  readonly name?: string;
  readonly cookie?: SessionCookieOptions;
  /** Whether use lengthens a session's life and its cookie's. Default true. */
  readonly rolling?: boolean;
  /** Paths without sessions, such as `/health` or `/static/*`. */
  readonly exclude?: readonly string[];
  /** While Redis is away: 503, or a read-only session without anything in it. Default `'fail'`. */
  readonly onUnavailable?: 'fail' | 'anonymous';
  /** Whether sessions remember the device that they began on. Default false. */
  readonly device?: boolean;
}

/** What `new RedisSessionStore()` takes. */
export interface RedisSessionStoreOptions extends SessionStorageOptions {
  /** A client of the package `redis` that the application connects and closes. */
  readonly client: BorrowedClient;
  /** Whether to tell `connect` and `disconnect` as the connection comes and goes. Default false. */
  readonly emitConnection?: boolean;
}
