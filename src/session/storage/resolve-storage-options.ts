import type { SessionFields } from '../record/session-record.js';

/** A key that seals what sessions hold. */
export interface ResolvedSessionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/** How sessions are stored: options, checked and complete. Times are in milliseconds. */
export interface ResolvedSessionStorage {
  /** In front of every key, escaped, without the colon behind it. */
  readonly prefix: string;
  /** `null` = until the browser ends. */
  readonly ttl: number | null;
  /** `Infinity` = no limit. */
  readonly absoluteTtl: number;
  readonly userId: ((fields: SessionFields) => string | undefined) | undefined;
  /** `Infinity` = no limit. */
  readonly maxPerUser: number;
  /** The first one seals; none = nothing is sealed. */
  readonly keys: readonly ResolvedSessionKey[];
  readonly maxBytes: number;
  readonly onGone: 'event' | 'error';
  /** Where connect-redis keeps its sessions; `undefined` = they are none of ours. */
  readonly legacy: { readonly prefix: string; readonly mode: 'move' | 'dual' } | undefined;
  readonly allowEviction: boolean;
}

/** What depends on where the options stand. */
export interface SessionStorageDefaults {
  readonly prefix: string;
  /** The prefix of the caches, as it was given, with which that of sessions must not overlap; `undefined` = there are none. */
  readonly caches: string | undefined;
}

/**
 * Checks the options of a storage of sessions and fills in the defaults. Ignores options that are not among
 * `STORAGE_OPTIONS`. No error shows a key.
 *
 * @throws InvalidOptionsError naming the option below `path`, the rule and the value
 */
export declare function resolveSessionStorage(
  raw: unknown,
  path: string,
  defaults: SessionStorageDefaults,
): ResolvedSessionStorage;
