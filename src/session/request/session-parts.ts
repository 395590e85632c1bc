import type { SessionEvent } from '../storage/session-event.js';
import type { SessionStorage } from '../storage/session-storage.js';
import type { BoundSessionClass } from './bound-session.js';
import type { SessionCookies } from './session-cookie.js';
import type { SessionClasses } from './session-object.js';
import type { SessionRules } from './session-rules.js';

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
