import { systemClock } from '../clock.js';

/** Is told an error, or what was asked for. */
export type SessionCallback = (error?: unknown, result?: unknown) => void;

/** A store of sessions as express-session and `@fastify/session` use it. */
export interface TriedSessionStore {
  get(id: string, callback: SessionCallback): unknown;
  set(id: string, session: object, callback: SessionCallback): unknown;
  destroy(id: string, callback: SessionCallback): unknown;
  touch?(id: string, session: object, callback: SessionCallback): unknown;
  all?(callback: SessionCallback): unknown;
  length?(callback: SessionCallback): unknown;
  clear?(callback: SessionCallback): unknown;
  /** Makes the session object of a request from what `get` gave, as a store of express-session does. */
  createSession?(request: object, data: object): unknown;
}

/**
 * What not every store can do: `merge` = what two requests change in different fields is kept of both; `final` = a session that
 * was ended is not brought back by a request that still runs; `milliseconds` = sessions end to the millisecond, not the second;
 * `expires` = a session that is read says when it ends. `all`, `length`, `clear` and `touch` are methods.
 */
export type SessionStoreCapability =
  'all' | 'clear' | 'expires' | 'final' | 'length' | 'merge' | 'milliseconds' | 'touch';

/** A store without sessions, to be tried. */
export interface SessionStoreSubject {
  readonly store: TriedSessionStore;
  /** The same sessions as another process sees them; for a store of one process the same object. */
  readonly others: TriedSessionStore;
  /** Lets milliseconds pass for the store: a `FakeClock` that it goes by is advanced, or they are really waited. */
  pass(milliseconds: number): void | Promise<void>;
  close?(): unknown;
}

/** The session object of one request. */
export type SessionOfRequest = Record<string, unknown> & { cookie: CookieOfSession };

/** The cookie of a session, as far as a store looks at it. */
export interface CookieOfSession {
  originalMaxAge: number | null;
  expires: Date | string | null;
}

let ids = 0;

/** An id that nobody has had. */
export function freshId(): string {
  return `session-of-a-test-${String(++ids).padStart(8, '0')}`;
}

/** What a request makes for a visitor without a session. */
export function newSession(fields: object, maxAge: number | null = 60_000): SessionOfRequest {
  return { ...fields, cookie: { originalMaxAge: maxAge, expires: endOf(maxAge) } };
}

/** Counts the time of a session anew, as a request does at its end. */
export function renewCookie(session: SessionOfRequest, maxAge = session.cookie.originalMaxAge): void {
  // In this order: the cookies of express-session count `originalMaxAge` anew from `expires`.
  session.cookie.expires = endOf(maxAge);
  session.cookie.originalMaxAge = maxAge;
}

/** Reads a session as a request does; `undefined` = there is none. */
export async function openSession(
  store: TriedSessionStore,
  id: string,
): Promise<SessionOfRequest | undefined> {
  const data = (await called((callback) => store.get(id, callback))) as object | null | undefined;
  if (data === undefined || data === null) return undefined;
  const session = store.createSession?.({ sessionID: id, sessionStore: store, headers: {} }, data) ?? data;
  return session as SessionOfRequest;
}

/** As `openSession`, of a session that is there. */
export async function existing(store: TriedSessionStore, id: string): Promise<SessionOfRequest> {
  const session = await openSession(store, id);
  if (session === undefined) throw new Error('There is no such session.');
  return session;
}

/** What a session holds, without its cookie; `undefined` = there is none. */
export async function fieldsIn(store: TriedSessionStore, id: string): Promise<object | undefined> {
  const session = await openSession(store, id);
  if (session === undefined) return undefined;
  const { cookie: _, ...fields } = session;
  return fields;
}

/** When a session that is there says it ends, in milliseconds since the epoch. */
export async function endIn(store: TriedSessionStore, id: string): Promise<number> {
  const { expires } = (await existing(store, id)).cookie;
  return expires === null ? Infinity : new Date(expires).getTime();
}

/** Calls a method that takes a callback. */
export function called(call: (callback: SessionCallback) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    call((error, result) => {
      if (error === undefined || error === null) resolve(result);
      else reject(error instanceof Error ? error : new Error('It failed with something that is no error.'));
    });
  });
}

/** `store.set`, as a promise. */
export async function save(store: TriedSessionStore, id: string, session: object): Promise<void> {
  await called((callback) => store.set(id, session, callback));
}

/** `store.destroy`, as a promise. */
export async function end(store: TriedSessionStore, id: string): Promise<void> {
  await called((callback) => store.destroy(id, callback));
}

/** `store.touch`, as a promise. */
export async function touch(store: TriedSessionStore, id: string, session: object): Promise<void> {
  await called((callback) => store.touch?.(id, session, callback) ?? undefined);
}

function endOf(maxAge: number | null): Date | null {
  return maxAge === null ? null : new Date(systemClock.now() + maxAge);
}
