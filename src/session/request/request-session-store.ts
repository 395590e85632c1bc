import { sessionFailure } from './session-failure.js';
import type { SessionRequest } from './session-request.js';

/** What a store does for the sessions of one request. */
export interface SessionActions {
  /** What an id holds, with a cookie; `undefined` = there is no such session. */
  read(id: string): Promise<object | undefined>;
  /** Puts what `read` gave into a request, as a session object. */
  adopt(request: SessionRequest, fields: object): object;
  save(session: object, id: string): Promise<void>;
  touch(session: object, id: string): Promise<void>;
  end(id: string): Promise<void>;
  /** Ends the session of the request, and puts a new one in its place. */
  regenerate(): Promise<void>;
  /** Puts a new session into the request. */
  generate(): void;
}

type Callback = (error?: unknown, result?: unknown) => void;

/**
 * `request.sessionStore`: what the methods of express-session's sessions, and passport, call. Errors are what a filter is to
 * see of them.
 */
export class RequestSessionStore {
  readonly #actions: SessionActions;

  constructor(actions: SessionActions) {
    this.#actions = actions;
  }

  get(id: string, callback?: Callback): void {
    answer(this.#actions.read(id), callback);
  }

  set(id: string, session: object, callback?: Callback): void {
    answer(this.#actions.save(session, id), callback);
  }

  touch(id: string, session: object, callback?: Callback): void {
    answer(this.#actions.touch(session, id), callback);
  }

  destroy(id: string, callback?: Callback): void {
    answer(this.#actions.end(id), callback);
  }

  regenerate(_request: SessionRequest, callback?: Callback): void {
    answer(this.#actions.regenerate(), callback);
  }

  generate(_request: SessionRequest): void {
    this.#actions.generate();
  }

  createSession(request: SessionRequest, fields: object): object {
    return this.#actions.adopt(request, fields);
  }

  /** A session object for somebody who has an id and no request. */
  load(id: string, callback: Callback): void {
    const made = this.#actions.read(id).then((fields) => {
      const request = { sessionID: id, sessionStore: this, headers: {} };
      return fields && this.#actions.adopt(request, fields);
    });
    answer(made, callback);
  }
}

function answer(work: Promise<unknown>, tell: Callback = () => {}): void {
  work.then(
    (result) => (result === undefined ? tell() : tell(null, result)),
    (error: unknown) => tell(sessionFailure(error)),
  );
}
