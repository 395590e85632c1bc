import type { OwnedSession } from './owned-session.js';
import type { SessionClasses, SessionObject } from './session-object.js';

/** Makes sessions of express-session that know whose they are. */
export interface BoundSessionClass {
  readonly prototype: object;
  /** `keeper` is who looks after it, `request` what it stands in. */
  new (keeper: object, request: object, owned: OwnedSession): SessionObject;
  /** What is known of a session that `keeper` looks after; `undefined` = it is none. */
  ownedOf(session: object, keeper: object): OwnedSession | undefined;
}

/**
 * A class below express-session's own, so that its methods and `instanceof` hold. A session's `id` is what it is at the time: who holds
 * the object while the session gets another id holds the right session.
 */
export function bindSessions({ Session }: SessionClasses): BoundSessionClass {
  // Private fields leave no trace on what an application looks at, and cost less than properties of each object.
  class BoundSession {
    readonly #keeper: object;
    readonly #request: object;
    readonly #owned: OwnedSession;

    constructor(keeper: object, request: object, owned: OwnedSession) {
      this.#keeper = keeper;
      this.#request = request;
      this.#owned = owned;
    }

    static ownedOf(session: object, keeper: object): OwnedSession | undefined {
      return #owned in session && session.#keeper === keeper ? session.#owned : undefined;
    }

    get id(): string {
      return this.#owned.id;
    }

    get req(): object {
      return this.#request;
    }
  }
  // Not by `extends`: the constructor of express-session defines what stands above, for each session anew.
  Object.setPrototypeOf(BoundSession.prototype, Session.prototype);
  return BoundSession as unknown as BoundSessionClass;
}
