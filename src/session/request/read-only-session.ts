import type { SessionNotice } from '../../di/session-notice.js';
import { RequestSessionStore, type SessionActions } from './request-session-store.js';
import type { ServedSession } from './served-session.js';
import { isUnavailable } from './session-failure.js';
import type { SessionRequest } from './session-request.js';
import type { RequestParts } from './session-parts.js';

/** What is to be told of sessions that may be there. */
const NOTICE: SessionNotice = Object.freeze({ loaded: true, read: true, modified: false });

/** Methods of express-session's sessions that change nothing in Redis. */
const HARMLESS = new Set(['touch', 'resetMaxAge']);

/**
 * The session of a request whose own one cannot be known. It holds nothing, whatever wants to change it fails, and the client's
 * cookie stays as it is.
 */
export class ReadOnlySession implements ServedSession, SessionActions {
  readonly notice = NOTICE;
  readonly wasRead = true;
  readonly cookie = undefined;
  readonly handle = undefined;
  readonly hasFailed: boolean;
  readonly #failure: () => Error;

  /** Puts it into the request. `failure` is what all attempts to change it end in. */
  constructor(request: SessionRequest, parts: RequestParts, failure: () => Error) {
    this.#failure = failure;
    this.hasFailed = isUnavailable(failure());
    const session = emptySession(request, parts, failure);
    Object.defineProperty(request, 'session', {
      configurable: true,
      enumerable: true,
      get: () => session,
      set: () => {
        throw failure();
      },
    });
    request.sessionID = undefined;
    request.sessionStore = new RequestSessionStore(this);
  }

  commit(): undefined {
    return undefined;
  }

  rotate(): Promise<void> {
    return this.#fail();
  }

  login(): Promise<void> {
    return this.#fail();
  }

  read(): Promise<never> {
    return this.#fail();
  }

  save(): Promise<void> {
    return this.#fail();
  }

  touch(): Promise<void> {
    return this.#fail();
  }

  end(): Promise<void> {
    return this.#fail();
  }

  regenerate(): Promise<void> {
    return this.#fail();
  }

  generate(): void {
    throw this.#failure();
  }

  adopt(): never {
    throw this.#failure();
  }

  #fail(): Promise<never> {
    return Promise.reject(this.#failure());
  }
}

function emptySession(request: SessionRequest, parts: RequestParts, failure: () => Error): object {
  const { classes, cookies } = parts;
  const target = Object.create(classes.Session.prototype, {
    cookie: { value: cookies.make(request), enumerable: true },
  }) as object;
  const refuse = (): never => {
    throw failure();
  };
  return new Proxy(target, {
    get(_target, name, self: unknown) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || typeof name !== 'string' || !isOwnMethod(classes, name))
        return value;
      if (HARMLESS.has(name)) return () => self;
      return (callback?: (error: unknown) => void) =>
        callback === undefined ? refuse() : queueMicrotask(() => callback(failure()));
    },
    set: refuse,
    deleteProperty: refuse,
    defineProperty: refuse,
    setPrototypeOf: refuse,
  });
}

function isOwnMethod({ Session }: RequestParts['classes'], name: string): boolean {
  return name !== 'constructor' && Object.hasOwn(Session.prototype, name);
}
