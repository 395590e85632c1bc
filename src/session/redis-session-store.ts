import { EventEmitter } from 'node:events';
import { InvalidOptionsError } from '../errors.js';
import { expressSession } from './express-session.js';
import type { SessionCookie } from './request/session-object.js';
import type { RedisSessionStoreOptions } from './session-options.js';
import { openSessionSource, type SessionSource } from './session-source.js';

/** A session as it was read: its fields, and of its cookie what is its own. */
export interface StoredSession {
  readonly cookie: { readonly originalMaxAge: number | null; readonly expires: Date | null };
  [field: string]: unknown;
}

// oxlint-disable-next-line typescript/no-explicit-any -- as in express-session's types, to which applications add fields
type Any = any;

/** A request of express-session. */
interface StoreRequest {
  sessionID: string;
  session?: unknown;
}

/** Is told the error or `null`, and the result. */
type Callback = (error: Any, result?: Any) => void;

/** What the sources of views are handed over by. */
const SOURCES = new WeakMap<object, SessionSource>();

/**
 * Keeps the sessions of `express-session` or of `@fastify/session` in Redis: `session({ store: new RedisSessionStore({ client }) })`.
 *
 * Unlike stores that write a session as a whole, it stores what a request has changed: requests of one session that run at the
 * same time keep the top-level fields that the others set, and of two who set the same field the last one wins. What a request
 * stores whose session was ended meanwhile is dropped, and told by the event `dropped`; with `onGone: 'error'` it throws
 * `SessionGoneError`. That goes by the object that was read: of a copy (`{ ...session }`) nothing is known, and it
 * replaces all fields of a session that lives. With `express-session`, give `resave: false`.
 *
 * Methods take a callback, or give a promise without one. They reject with `RedisUnavailableError` while Redis is away. Ids have
 * at least 22 characters. Of a cookie only its `maxAge` is stored: the attributes are those of the middleware that reads it.
 *
 * As an `EventEmitter` it tells of what becomes of sessions, by the names and with the contents of `SessionEvent`; and with
 * `emitConnection` it emits `connect` and `disconnect`, after which express-session goes on without sessions.
 */
export class RedisSessionStore extends EventEmitter {
  readonly #options: RedisSessionStoreOptions;
  readonly #source: SessionSource;
  #generate: ((request: Any) => void) | undefined;

  /** @throws InvalidOptionsError naming the option, the rule and the value */
  constructor(options: RedisSessionStoreOptions) {
    super();
    this.#options = options;
    this.#source = SOURCES.get(options) ?? openSessionSource(options);
    this.#source.listeners.add((name, event) => void this.emit(name, event));
  }

  /**
   * Makes new sessions: express-session assigns it.
   *
   * @throws InvalidOptionsError when it is assigned again, which would mix up the cookies of two middlewares
   */
  get generate(): ((request: Any) => void) | undefined {
    return this.#generate;
  }

  set generate(generate: ((request: Any) => void) | undefined) {
    if (this.#generate !== undefined) {
      throw new InvalidOptionsError('store', 'serves another session() already: give this one store.view()');
    }
    this.#generate = generate;
  }

  /** Another store for the same sessions: each `session()` of an application needs one of its own. */
  view(): RedisSessionStore {
    const options = { ...this.#options };
    SOURCES.set(options, this.#source);
    return new (this.constructor as typeof RedisSessionStore)(options);
  }

  /** Reads a session; `undefined` = there is none. One round trip. */
  get(id: string): Promise<StoredSession | undefined>;
  get(id: string, callback: Callback): void;
  get(id: string, callback?: Callback): unknown {
    return answer(this.#source.sessions.read(id), callback);
  }

  /**
   * Stores what has changed in a session since it was read, or a new one. One round trip, none where nothing has changed. One
   * whose cookie has no time left is ended.
   */
  set(id: string, session: object): Promise<void>;
  set(id: string, session: object, callback: Callback | undefined): void;
  set(id: string, session: object, callback?: Callback): unknown {
    return answer(this.#source.sessions.save(id, session), callback);
  }

  /** Lengthens the life of a session. One round trip after each tenth of that life, else none. */
  touch(id: string, session: object): Promise<void>;
  touch(id: string, session: object, callback: Callback | undefined): void;
  touch(id: string, session: object, callback?: Callback): unknown {
    return answer(this.#source.sessions.touch(id, session), callback);
  }

  /** Ends a session for good: requests that still run do not bring it back. */
  destroy(id: string): Promise<void>;
  destroy(id: string, callback: Callback | undefined): void;
  destroy(id: string, callback?: Callback): unknown {
    return answer(this.#source.sessions.end(id), callback);
  }

  /**
   * Reads all sessions, a hundred per round trip. What stands for the ids is their hashes, as `ids` gives them: the ids
   * themselves are not stored.
   */
  all(): Promise<StoredSession[]>;
  all(callback: Callback): void;
  all(callback?: Callback): unknown {
    return answer(this.#source.sessions.readAll(), callback);
  }

  /** How many sessions live. One round trip, whatever the number. */
  length(): Promise<number>;
  length(callback: Callback): void;
  length(callback?: Callback): unknown {
    return answer(this.#source.sessions.count(), callback);
  }

  /** The hashes of the ids of all sessions: SHA-256 in base64url. */
  ids(): Promise<string[]>;
  ids(callback: Callback): void;
  ids(callback?: Callback): unknown {
    return answer(this.#source.sessions.handles(), callback);
  }

  /** Ends all sessions of this prefix, and touches nothing else. in small steps, so that others are served: about ten seconds for 100,000. */
  clear(): Promise<void>;
  clear(callback: Callback | undefined): void;
  clear(callback?: Callback): unknown {
    return answer(this.#source.sessions.clear(), callback);
  }

  /** Ends the session of a request and gives it a new one, as express-session's `session.regenerate()` asks. */
  regenerate(request: StoreRequest, callback: Callback): void {
    this.destroy(request.sessionID, (error) => {
      if (this.#generate === undefined) {
        callback(new InvalidOptionsError('store', 'makes new sessions only where it is given to session()'));
        return;
      }
      this.#generate(request);
      callback(error);
    });
  }

  /** Reads a session as an object of express-session, where there is no request: `undefined` = there is none. */
  load(id: string, callback: Callback): void {
    this.get(id, (error, data?: StoredSession) => {
      if (error !== null || data === undefined) {
        callback(error ?? undefined);
        return;
      }
      const request = { sessionID: id, sessionStore: this };
      callback(null, this.createSession(request, data));
    });
  }

  /**
   * Makes the session object of a request from what `get` gave. May be overridden.
   *
   * @throws InvalidOptionsError when express-session is not installed
   */
  createSession(request: StoreRequest, data: object): Any {
    const { Session } = expressSession();
    const { cookie } = data as Partial<StoredSession>;
    const session = new Session(request, { ...data, cookie: this.#cookieOf(request, cookie) });
    this.#source.sessions.adopt(session, data, request.sessionID);
    request.session = session;
    return session;
  }

  /** Lets go of the client, and ends what runs in the background, for all views. The client stays connected. */
  async close(): Promise<void> {
    await this.#source.close();
  }

  /** A cookie as the middleware makes it now, with the time that the session has. */
  #cookieOf(request: object, stored: Partial<StoredSession['cookie']> | undefined): SessionCookie {
    const { Cookie } = expressSession();
    const cookie = this.#newCookie(request) ?? new Cookie();
    if (stored?.originalMaxAge === undefined) return cookie;
    const { expires = null, originalMaxAge } = stored;
    // Setting `expires` counts `originalMaxAge` anew, so that goes second.
    cookie.expires = expires === null ? null : new Date(expires);
    cookie.originalMaxAge = originalMaxAge;
    return cookie;
  }

  #newCookie(request: object): SessionCookie | undefined {
    // The options of the middleware are known to `generate` alone, which sets what it makes on the request.
    const headers: unknown = Reflect.get(request, 'headers') ?? {};
    const probe = Object.create(request, { headers: { value: headers } }) as {
      session?: { cookie: SessionCookie };
    };
    this.#generate?.(probe);
    return this.#generate === undefined ? undefined : probe.session?.cookie;
  }
}

/** Gives a promise, or its outcome to a callback. */
function answer<T>(work: Promise<T>, callback: Callback | undefined): Promise<T> | undefined {
  if (callback === undefined) return work;
  void tell(work, callback);
  return undefined;
}

async function tell<T>(work: Promise<T>, callback: Callback): Promise<void> {
  // Called on its own, so that what it throws is not taken for an error of the store.
  try {
    const result = await work;
    queueMicrotask(() => callback(null, result));
  } catch (error) {
    queueMicrotask(() => callback(error));
  }
}
