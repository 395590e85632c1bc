import { escapeGlob } from '../../key/escape.js';

/** Over how many keys the registry of all sessions is spread. */
export const SHARDS = 16;

/** What a key of a prefix is. */
export interface SessionKey {
  readonly kind: 'session' | 'unreadable' | 'registry' | 'user' | 'epoch' | 'sweep';
  /** The handle, what stands for the user, or the shard; empty for `sweep`. */
  readonly of: string;
}

/** Of handles, and of what stands for users: SHA-256 in base64url. */
const HASH_LENGTH = 43;
const HASH = `([\\w-]{${HASH_LENGTH}})`;
/** What stands behind the prefix and a colon. */
const FORMS: readonly (readonly [SessionKey['kind'], RegExp])[] = [
  ['session', new RegExp(`^id:${HASH}$`)],
  ['user', new RegExp(`^user:\\{${HASH}\\}$`)],
  ['epoch', new RegExp(`^epoch:\\{${HASH}\\}$`)],
  ['unreadable', new RegExp(`^unreadable:${HASH}$`)],
  ['registry', /^all:(\d+)$/],
  ['sweep', /^sweep()$/],
];

/**
 * The Redis keys of the sessions of one prefix. No key of another prefix is one of them, though that may begin with this one and
 * a colon.
 */
export class SessionKeys {
  /** The lease of the process that looks for sessions whose time has passed. */
  readonly sweep: string;
  /** A glob that all keys of this prefix match, and those of prefixes that begin with it and a colon. */
  readonly everything: string;
  /** A glob that the keys of all sessions match: no key of the same length is a session of another prefix. */
  readonly sessions: string;
  readonly #prefix: string;

  /** `prefix` is escaped, and has no colon behind it. */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.sweep = `${prefix}:sweep`;
    this.everything = `${escapeGlob(prefix)}:*`;
    this.sessions = `${escapeGlob(prefix)}:id:${'?'.repeat(HASH_LENGTH)}`;
  }

  /** All about one session. */
  session(handle: string): string {
    return `${this.#prefix}:id:${handle}`;
  }

  /** The handle of a key that `sessions` matches. */
  handleIn(key: string): string {
    return key.slice(this.#prefix.length + 4);
  }

  /** Where a session is kept for an hour that could not be read. */
  unreadable(handle: string): string {
    return `${this.#prefix}:unreadable:${handle}`;
  }

  /** The shard of the registry that a handle belongs to. */
  registryOf(handle: string): string {
    const [byte = 0] = Buffer.from(handle.slice(0, 2), 'base64url');
    return this.registry(byte % SHARDS);
  }

  /** A shard of the registry, from 0 on. */
  registry(shard: number): string {
    return `${this.#prefix}:all:${shard}`;
  }

  /** The sessions of a user. */
  user(userKey: string): string {
    return `${this.#prefix}:user:{${userKey}}`;
  }

  /** What stands for the sessions of a user until all of them are ended. On the same slot as `user`. */
  epoch(userKey: string): string {
    return `${this.#prefix}:epoch:{${userKey}}`;
  }

  /** What a key is that `everything` matches; `undefined` = it is of another prefix. */
  locate(key: string): SessionKey | undefined {
    const rest = key.slice(this.#prefix.length + 1);
    for (const [kind, form] of FORMS) {
      const found = form.exec(rest);
      if (found !== null) return { kind, of: found[1] ?? '' };
    }
    return undefined;
  }
}
