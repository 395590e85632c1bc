import type { ExecutionContext } from '@nestjs/common';
import type { ResolvedStale } from '../../cache/stale-options.js';

/** How the responses of a route are cached: all that its options, its named policy and the module say, checked and complete. */
export interface ResponsePolicy {
  /** What decides: the route, or the headers of the response (RFC 9111). */
  readonly mode: 'policy' | 'headers';
  /** Who may be given one stored response: visitors without credentials, everybody, or the user it was made for. */
  readonly audience: 'anonymous' | 'everybody' | 'user';
  /** Who is asking, where `audience` is `user`. */
  readonly user: ((context: ExecutionContext) => unknown) | undefined;
  readonly key: string | ((context: ExecutionContext) => unknown) | undefined;
  readonly when: ((context: ExecutionContext) => unknown) | undefined;
  /** Lower-cased names of request headers that are in the key, in order. */
  readonly vary: readonly string[];
  /** The query parameters that are in the key; `undefined` = all. */
  readonly query: ReadonlySet<string> | undefined;
  /** Lower-cased hosts; `undefined` = the host does not matter. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** Milliseconds, `null` = for ever; `undefined` = the cache's ttl. */
  readonly ttl: number | null | undefined;
  /** The statuses that are cached beside 200, and how long those live, in milliseconds. */
  readonly statuses: ReadonlySet<number>;
  readonly negativeTtl: number;
  readonly maxBodyBytes: number;
  /** Lower-cased names of response headers that are not stored. */
  readonly perRequestHeaders: ReadonlySet<string>;
  readonly sessionCookies: ReadonlySet<string>;
  /** `undefined` = the cache's. */
  readonly stale: ResolvedStale | undefined;
  /** `Cache-Control` for others, where the handler sets none. */
  readonly cacheControl: string | undefined;
  /** The cache's name in `Cache-Status`; `undefined` = it is not sent. */
  readonly cacheStatus: string | undefined;
  /** Whether what a handler made after an unkeyed read is refused. */
  readonly strict: boolean;
  /** How long a request waits for another one's handler, in milliseconds. */
  readonly wait: number;
}
