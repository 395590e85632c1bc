import { SerializationError } from '../../errors.js';
import { fieldsText, SHARED_NAMES } from '../record/fields-text.js';
import { hasText } from '../record/same-fields.js';
import { newSessionId } from '../record/session-ids.js';
import type { Baseline, SessionFields, SessionRecord } from '../record/session-record.js';
import type { SessionCookie, SessionObject } from './session-object.js';

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

/** Whether a session holds something else than what it was read or stored as, or holds what is no data. */
export function isChanged(session: object, { baseline }: OwnedSession): boolean {
  if (baseline?.unsure !== undefined) return true;
  return !hasText(session as SessionFields, baseline?.text ?? NOTHING);
}

/** Puts fields and a cookie into a new session object. */
export function filled(session: SessionObject, fields: object, cookie: SessionCookie): SessionObject {
  session.cookie = cookie;
  setFields(session, fields);
  // There may be one among the fields.
  session.cookie = cookie;
  return session;
}

/** Sets fields on a session. As with express-session, they take the place of no method. */
export function setFields(session: object, fields: object): void {
  const to = session as Record<string, unknown>;
  const from = fields as SessionFields;
  for (const name of Object.keys(from)) {
    if (!(name in to) || Object.hasOwn(to, name)) to[name] = from[name];
  }
}

/**
 * Refuses fields that have the name of a method, which nobody who reads the session would find again.
 *
 * @throws SerializationError naming the field
 */
export function refuseMethodNames(fields: SessionFields, methods: object): void {
  for (const name of Object.keys(fields)) {
    if (name in methods && !SHARED_NAMES.has(name)) {
      throw new SerializationError(`The session's field ${JSON.stringify(name)} has the name of a method.`);
    }
  }
}
