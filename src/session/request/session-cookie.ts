import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { SessionClasses, SessionCookie } from './session-object.js';
import { isSecure, type SessionRequest } from './session-request.js';
import type { SessionRules } from './session-rules.js';

/** An id is never guessed: shorter ones are refused, signed or not. */
const MIN_ID = 22;
const MAX_ID = 256;
const SIGNED = 's:';
/** The length of an HMAC-SHA256 in base64 without padding. */
const SIGNATURE = 43;
const NONE: readonly string[] = Object.freeze([]);

/** What the cookies of sessions are made by. */
export interface CookieSettings {
  readonly rules: Pick<SessionRules, 'name' | 'secrets' | 'cookie' | 'ttl'>;
  readonly classes: Pick<SessionClasses, 'Cookie'>;
  /** A cookie that only goes over HTTPS was not given to a request that came without. */
  readonly insecure: () => void;
}

/** The cookies of an application's sessions. */
export class SessionCookies {
  readonly #settings: CookieSettings;
  readonly #keys: readonly KeyObject[];
  /** What cookies are made of, for requests that came by HTTPS and for the others. */
  readonly #secure: object;
  readonly #plain: object;

  constructor(settings: CookieSettings) {
    const { cookie, secrets } = settings.rules;
    this.#settings = settings;
    this.#keys = secrets.map((secret) => createSecretKey(Buffer.from(secret)));
    this.#secure = attributesOf(settings.rules, cookie.secure !== false);
    this.#plain = attributesOf(settings.rules, cookie.secure === true);
  }

  /** All different ids that the cookies of our name hold in a request's Cookie field, and that were signed with one of the secrets. */
  idsIn(header: string | undefined): readonly string[] {
    const { name } = this.#settings.rules;
    if (header === undefined || !header.includes(name)) return NONE;
    const ids: string[] = [];
    for (const pair of header.split(';')) {
      const equals = pair.indexOf('=');
      if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
      const id = this.#idOf(pair.slice(equals + 1).trim());
      if (id !== undefined && !ids.includes(id)) ids.push(id);
    }
    return ids;
  }

  /** A cookie with the attributes of the options. `maxAge` is the session's own idle time; `undefined` = as the options say. */
  make(request: SessionRequest, maxAge?: number | null): SessionCookie {
    const { Cookie } = this.#settings.classes;
    const attributes = isSecure(request) ? this.#secure : this.#plain;
    if (maxAge === undefined) return new Cookie(attributes);
    return new Cookie({ ...attributes, maxAge, originalMaxAge: maxAge });
  }

  /** The Set-Cookie field of a session; `undefined` = its cookie only goes over HTTPS, and the request came without. */
  write(cookie: SessionCookie, id: string, request: SessionRequest): string | undefined {
    const { rules, insecure } = this.#settings;
    if (Reflect.get(cookie, 'secure') === true && !isSecure(request)) {
      insecure();
      return undefined;
    }
    const maxAge = hasEnd(cookie) ? cookie.originalMaxAge : null;
    Object.assign(cookie, { maxAge, originalMaxAge: maxAge });
    return cookie.serialize(rules.name, signId(id, this.#keys[0] as KeyObject));
  }

  #idOf(text: string): string | undefined {
    const value = decoded(text.startsWith('"') ? text.slice(1, -1) : text);
    const dot = value.lastIndexOf('.');
    if (!value.startsWith(SIGNED) || dot < 0) return undefined;
    const id = value.slice(SIGNED.length, dot);
    if (id.length < MIN_ID || id.length > MAX_ID) return undefined;
    const given = Buffer.from(value.slice(dot + 1));
    const valid = this.#keys.some((key) => {
      const right = Buffer.from(signatureOf(id, key));
      return right.length === given.length && timingSafeEqual(right, given);
    });
    return valid ? id : undefined;
  }
}

/** The value of a cookie that holds an id, as `cookie-signature` signs it. */
export function signId(id: string, secret: string | KeyObject): string {
  return `${SIGNED}${id}.${signatureOf(id, secret)}`;
}

function signatureOf(id: string, secret: string | KeyObject): string {
  return createHmac('sha256', secret).update(id).digest('base64').slice(0, SIGNATURE);
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a cookie of express-session is made of. It counts `originalMaxAge` from the clock where it is not given. */
function attributesOf({ cookie, ttl }: CookieSettings['rules'], secure: boolean): object {
  const { domain, priority, ...others } = cookie;
  return {
    ...others,
    ...(domain !== undefined && { domain }),
    ...(priority !== undefined && { priority }),
    secure,
    maxAge: ttl,
    originalMaxAge: ttl,
  };
}

/** Whether a cookie ends at a time, and not with the browser. */
export function hasEnd({ originalMaxAge }: SessionCookie): boolean {
  return typeof originalMaxAge === 'number';
}
