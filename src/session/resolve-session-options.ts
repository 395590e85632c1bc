import type { ResolvedSessionStorage } from './storage/resolve-storage-options.js';

/** The attributes of the session's cookie: options, checked and complete. */
export interface ResolvedSessionCookie {
  readonly path: string;
  readonly domain: string | undefined;
  readonly httpOnly: boolean;
  readonly secure: boolean | 'auto';
  readonly sameSite: 'lax' | 'strict' | 'none';
  readonly partitioned: boolean;
  readonly priority: 'low' | 'medium' | 'high' | undefined;
}

/** `session` of the module: options, checked and complete. */
export interface ResolvedSession {
  readonly storage: ResolvedSessionStorage;
  readonly connection: string;
  /** The first one signs, all of them verify. */
  readonly secrets: readonly string[];
  readonly name: string;
  readonly cookie: ResolvedSessionCookie;
  readonly rolling: boolean;
  /** Whether the path of a URL, without its query, has no sessions. */
  readonly excludes: (path: string) => boolean;
  readonly onUnavailable: 'fail' | 'anonymous';
  readonly device: boolean;
  /** What to say at start about a cookie that is weaker than by default. */
  readonly warnings: readonly string[];
}

/**
 * Checks the options of sessions and fills in the defaults. `keyPrefix` is that of the caches. No error shows a secret.
 *
 * @throws InvalidOptionsError naming the option below `path`, the rule and the value
 */
export declare function resolveSessionOptions(
  raw: unknown,
  path: string,
  caches: { readonly keyPrefix: string },
): ResolvedSession;
