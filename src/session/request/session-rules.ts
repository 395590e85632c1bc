/** What the sessions of requests are served by. Times are in milliseconds. */
export interface SessionRules {
  /** The name of the cookie. */
  readonly name: string;
  /** The first one signs, all of them verify. */
  readonly secrets: readonly string[];
  readonly cookie: {
    readonly path: string;
    readonly domain: string | undefined;
    readonly httpOnly: boolean;
    readonly secure: boolean | 'auto';
    readonly sameSite: 'lax' | 'strict' | 'none';
    readonly partitioned: boolean;
    readonly priority: 'low' | 'medium' | 'high' | undefined;
  };
  /** How long a session lives without being used; `null` = until the browser ends. */
  readonly ttl: number | null;
  readonly rolling: boolean;
  readonly onUnavailable: 'fail' | 'anonymous';
  readonly onGone: 'event' | 'error';
  readonly device: boolean;
  /** Whether the path of a URL, without its query, has no sessions. */
  readonly excludes: (path: string) => boolean;
}
