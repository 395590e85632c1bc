import { escapeGlob } from '../../key/escape.js';

/** Over how many keys the registry of all sessions is spread. */
export const SHARDS = 16;

/** The Redis keys of the sessions of one prefix. */
export class SessionKeys {
  /** The lease of the process that looks for sessions whose time has passed. */
  readonly sweep: string;
  /** A glob that all keys of this prefix match, and those of prefixes that begin with it and a colon. */
  readonly everything: string;
  /** A glob that the keys of all sessions match. */
  readonly sessions: string;
  readonly #prefix: string;

  /** `prefix` is escaped, and has no colon behind it. */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.sweep = `${prefix}:sweep`;
    this.everything = `${escapeGlob(prefix)}:*`;
    this.sessions = `${escapeGlob(prefix)}:id:*`;
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

  /** What stands for the user in a key that `user` gave; `undefined` = it is another key. */
  userKeyIn(key: string): string | undefined {
    const start = `${this.#prefix}:user:{`;
    return key.startsWith(start) ? key.slice(start.length, -1) : undefined;
  }

  /** What stands for the sessions of a user until all of them are ended. On the same slot as `user`. */
  epoch(userKey: string): string {
    return `${this.#prefix}:epoch:{${userKey}}`;
  }
}
