import { fieldsText } from '../record/fields-text.js';
import { newSessionId } from '../record/session-ids.js';
import type { Baseline, SessionRecord } from '../record/session-record.js';
import type { SessionClasses, SessionCookie, SessionObject } from './session-object.js';

/** A session of one request, and what is known of it in Redis. */
export interface OwnedSession {
  id: string;
  /** The state that it was read or stored as; `undefined` = it is not stored, as far as is known. */
  baseline: Baseline | undefined;
  /** Whether it was tried to store it. */
  attempted: boolean;
  /** Whether nothing is to be done for it any more: it was ended, or has another id. */
  ended: boolean;
  /** Whether it is what the old id of a rotated session reads. */
  readonly frozen: boolean;
}

/** A session that nobody knows of yet. */
export function newSession(id = newSessionId()): OwnedSession {
  return { id, baseline: undefined, attempted: false, ended: false, frozen: false };
}

/** A session that was read. */
export function readSession(id: string, { baseline, frozen }: SessionRecord): OwnedSession {
  return { id, baseline, attempted: false, ended: false, frozen };
}

/** The text of a session that holds nothing. */
const NOTHING = fieldsText({});

/** Whether a session holds something else than what it was read or stored as. Throws for what is no data. */
export function isChanged(session: object, { baseline }: OwnedSession): boolean {
  return fieldsText(session as Record<string, unknown>) !== (baseline?.text ?? NOTHING);
}

/**
 * A session object of express-session's class for a request. Its `id` is what `owned` has at the time: who holds the object
 * while the session gets another id holds the right session.
 */
export function sessionObject(
  { Session }: SessionClasses,
  request: object,
  { owned, fields, cookie }: { owned: OwnedSession; fields: object; cookie: SessionCookie },
): SessionObject {
  const session = Object.create(Session.prototype, {
    req: { value: request },
    id: { get: () => owned.id },
  }) as SessionObject;
  setFields(session, fields);
  session.cookie = cookie;
  return session;
}

/** Sets fields on a session. As with express-session, they take the place of no method. */
export function setFields(session: object, fields: object): void {
  for (const [name, value] of Object.entries(fields)) {
    if (Object.hasOwn(session, name) || !(name in session)) Reflect.set(session, name, value);
  }
}
