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

/** What a session is bound to. A property, and no private field: who looks through a proxy, or an object that inherits, finds it. */
const BINDING = Symbol('binding');

interface Binding {
  readonly keeper: object;
  readonly request: object;
  readonly owned: OwnedSession;
}

/** `undefined` for what is a copy of a session, or their prototype. */
function bindingOf(session: object): Binding | undefined {
  return (session as { readonly [BINDING]?: Binding })[BINDING];
}

/**
 * A class below express-session's own, so that its methods and `instanceof` hold. A session's `id` is what it is at the time: who holds
 * the object while the session gets another id holds the right session.
 */
export function bindSessions({ Session }: SessionClasses): BoundSessionClass {
  class BoundSession {
    declare readonly [BINDING]: Binding;

    constructor(keeper: object, request: object, owned: OwnedSession) {
      const binding: Binding = { keeper, request, owned };
      Object.defineProperty(this, BINDING, { value: binding });
    }

    static ownedOf(session: object, keeper: object): OwnedSession | undefined {
      const binding = bindingOf(session);
      return binding?.keeper === keeper ? binding.owned : undefined;
    }

    get id(): string | undefined {
      return bindingOf(this)?.owned.id;
    }

    get req(): object | undefined {
      return bindingOf(this)?.request;
    }
  }
  // Not by `extends`: the constructor of express-session defines what stands above, for each session anew.
  Object.setPrototypeOf(BoundSession.prototype, Session.prototype);
  return BoundSession as unknown as BoundSessionClass;
}
