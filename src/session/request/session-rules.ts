import type { SessionEvent } from '../storage/session-event.js';
import type { SessionStorage } from '../storage/session-storage.js';
import type { BoundSessionClass } from './bound-session.js';
import type { SessionCookies } from './session-cookie.js';
import type { SessionClasses } from './session-object.js';

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

/** What the sessions of requests are made of. */
export interface SessionParts {
  readonly storage: SessionStorage;
  readonly rules: SessionRules;
  readonly classes: SessionClasses;
  readonly report: (event: SessionEvent) => void;
  /** A cookie that only goes over HTTPS was not given to a request that came without. */
  readonly insecure: () => void;
}

/** The same, with what is made once for all of them. */
export interface RequestParts extends SessionParts {
  readonly cookies: SessionCookies;
  readonly BoundSession: BoundSessionClass;
}
