import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SessionClasses, SessionCookie } from './session-object.js';
import { isSecure, type SessionRequest } from './session-request.js';
import type { SessionParts, SessionRules } from './session-rules.js';

/** An id is never guessed: shorter ones are refused, signed or not. */
const MIN_ID = 22;
const MAX_ID = 256;
const SIGNED = 's:';

/** All different ids that the cookies of a name hold, and that were signed with one of the secrets. */
export function sessionIdsIn(
  header: string | undefined,
  name: string,
  secrets: readonly string[],
): readonly string[] {
  if (header === undefined || !header.includes(name)) return [];
  const ids = new Set<string>();
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
    const id = idOf(pair.slice(equals + 1).trim(), secrets);
    if (id !== undefined) ids.add(id);
  }
  return [...ids];
}

/** The value of a cookie that holds an id, as `cookie-signature` signs it. */
export function signId(id: string, secret: string): string {
  return `${SIGNED}${id}.${signatureOf(id, secret)}`;
}

function idOf(text: string, secrets: readonly string[]): string | undefined {
  const value = decoded(text.startsWith('"') ? text.slice(1, -1) : text);
  const dot = value.lastIndexOf('.');
  if (!value.startsWith(SIGNED) || dot < 0) return undefined;
  const id = value.slice(SIGNED.length, dot);
  if (id.length < MIN_ID || id.length > MAX_ID) return undefined;
  const given = Buffer.from(value.slice(dot + 1));
  const valid = secrets.some((secret) => {
    const right = Buffer.from(signatureOf(id, secret));
    return right.length === given.length && timingSafeEqual(right, given);
  });
  return valid ? id : undefined;
}

function signatureOf(id: string, secret: string): string {
  return createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A cookie with the attributes of the options. `maxAge` is the session's own idle time; `undefined` = as the options say. */
export function makeCookie(
  { Cookie }: Pick<SessionClasses, 'Cookie'>,
  rules: SessionRules,
  request: SessionRequest,
  maxAge?: number | null,
): SessionCookie {
  const { secure, domain, priority, ...attributes } = rules.cookie;
  const cookie = new Cookie({
    ...attributes,
    ...(domain !== undefined && { domain }),
    ...(priority !== undefined && { priority }),
    secure: secure === 'auto' ? isSecure(request) : secure,
  });
  return setMaxAge(cookie, maxAge === undefined ? rules.ttl : maxAge);
}

/** Lets a cookie end a time after this moment. */
function setMaxAge(cookie: SessionCookie, maxAge: number | null): SessionCookie {
  return Object.assign(cookie, { maxAge, originalMaxAge: maxAge });
}

/** Whether a cookie ends at a time, and not with the browser. */
export function hasEnd({ originalMaxAge }: SessionCookie): boolean {
  return typeof originalMaxAge === 'number';
}

/** The Set-Cookie field of a session; `undefined` = its cookie only goes over HTTPS, and the request came without. */
export function cookieText(
  cookie: SessionCookie,
  id: string,
  request: SessionRequest,
  { rules, insecure }: SessionParts,
): string | undefined {
  if (Reflect.get(cookie, 'secure') === true && !isSecure(request)) {
    insecure();
    return undefined;
  }
  const lasting = setMaxAge(cookie, hasEnd(cookie) ? cookie.originalMaxAge : null);
  return lasting.serialize(rules.name, signId(id, rules.secrets[0] ?? ''));
}

/** Within so many milliseconds, idle times are the same: a cookie knows it as the time that is left. */
const SAME = 1_000;

/**
 * The own idle time of a session as its cookie says it, where it is another one than that of the options. Keeps `before` where
 * nobody has changed it.
 */
export function ownMaxAge(
  cookie: unknown,
  ttl: number | null,
  before: number | null | undefined,
): number | null | undefined {
  if (typeof cookie !== 'object' || cookie === null) return before;
  const said: unknown = Reflect.get(cookie, 'originalMaxAge');
  const maxAge = typeof said === 'number' && Number.isFinite(said) ? said : null;
  if (isSame(maxAge, before === undefined ? ttl : before)) return before;
  return isSame(maxAge, ttl) ? undefined : maxAge;
}

function isSame(one: number | null, other: number | null): boolean {
  if (one === null || other === null) return one === other;
  return Math.abs(one - other) <= SAME;
}
