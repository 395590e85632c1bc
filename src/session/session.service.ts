import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { Clock } from '../clock.js';
import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError, SessionGoneError } from '../errors.js';
import { optionsObject, requireObject } from '../option.js';
import { EventStream, type Listen } from './event-stream.js';
import type { SessionDevice, SessionFields, SessionRecord } from './record/session-record.js';
import { SessionUpdates } from './session-updates.js';
import type { RequestSessions } from './storage/request-sessions.js';
import type { ResolvedSessionStorage } from './storage/resolve-storage-options.js';
import type { SessionEvent } from './storage/session-event.js';
import type { LoginAttempt, SessionStorage } from './storage/session-storage.js';

/** A live session, as others see it. Times are milliseconds since the epoch, by the clock of Redis. */
export interface SessionInfo {
  /** Names the session without giving it away: a hash of its id. It may stand in pages, URLs and logs. */
  readonly handle: string;
  readonly createdAt: number;
  /** As exact as use lengthens lives: a tenth of the ttl. */
  readonly lastSeenAt: number;
  /** When it ends if nobody uses it. */
  readonly expiresAt: number;
  /** Where it was begun; `undefined` without the option `device`. */
  readonly device: SessionDevice | undefined;
}

/** A live session with what it holds. */
export interface SessionDetails extends SessionInfo {
  readonly fields: SessionFields;
}

/** What a `SessionService` is made of. */
export interface SessionServiceParts {
  readonly storage: SessionStorage;
  readonly requests: RequestSessions;
  readonly settings: Pick<ResolvedSessionStorage, 'userId'>;
  readonly clock: Clock;
  readonly listen: Listen<SessionEvent>;
}

/** SHA-256 in base64url. */
const HANDLE = /^[\w-]{43}$/;
const LONGEST_GRACE = 3_600_000;

/**
 * The sessions of the application, whoever's they are: to list, count, change and end them, by handles, and to sign users in.
 *
 * Throws `RedisUnavailableError` where Redis does not answer, `InvalidOptionsError` for a wrong argument, and where a user is
 * asked for without the option `session.userId`.
 */
@Injectable()
export class SessionService implements AsyncIterable<string> {
  /** What becomes of sessions, as this process does it or finds it out. What a subscriber throws becomes a warning. */
  readonly events: Observable<SessionEvent>;
  readonly #parts: SessionServiceParts;
  readonly #updates: SessionUpdates;

  /** @internal */
  constructor(parts: SessionServiceParts) {
    this.#parts = parts;
    this.#updates = new SessionUpdates(parts);
    this.events = EventStream.of(parts.listen);
  }

  /** The live sessions of a user, in no order. Two round trips, more with hundreds. */
  async list(userId: string): Promise<SessionInfo[]> {
    const records = await this.#parts.storage.list(this.#userKey(userId));
    return records.map(infoOf);
  }

  /** How many sessions live, of a user or of all. One round trip, whatever the number. */
  async count(userId?: string): Promise<number> {
    return this.#parts.storage.count(userId === undefined ? undefined : this.#userKey(userId));
  }

  /** A live session with what it holds; `undefined` = there is none. One round trip. */
  async get(handle: string): Promise<SessionDetails | undefined> {
    if (!isHandle(handle)) return undefined;
    const record = await this.#parts.storage.readHandle(handle);
    if (record === undefined || record.frozen) return undefined;
    return { ...infoOf(record), fields: record.fields };
  }

  /** Ends a session, so that nothing brings it back. False = there was none. */
  async destroy(handle: string): Promise<boolean> {
    return isHandle(handle) && this.#parts.storage.destroyHandle(handle, 'revoked');
  }

  /**
   * Ends all sessions of a user that exist when it begins, but for that of `except`, and gives their number. Logins that have begun
   * by `beginLogin` are refused from then on.
   */
  async destroyAll(userId: string, options: { readonly except?: string | undefined } = {}): Promise<number> {
    const { except } = optionsObject(options, 'options', ['except']);
    if (except !== undefined && (typeof except !== 'string' || !HANDLE.test(except))) {
      throw new InvalidOptionsError('options.except', 'must be the handle of a session');
    }
    return this.#parts.storage.endAll(this.#userKey(userId), except);
  }

  /**
   * Changes what a session holds: `change` is given a copy of its fields, and changes it or gives other fields. It is called again
   * when others wrote meanwhile, so nothing of theirs is lost, in lists and objects neither. Gives what is stored then. What decides
   * whose session it is cannot be changed so.
   *
   * @throws SessionGoneError when there is no such session (any more)
   * @throws SerializationError for a field that is not JSON, or has the name of a method of sessions
   */
  async update(
    handle: string,
    change: (fields: Record<string, unknown>) => SessionFields | void | Promise<SessionFields | void>,
  ): Promise<SessionFields> {
    if (typeof change !== 'function') throw new InvalidOptionsError('change', 'must be a function', change);
    if (!isHandle(handle)) throw new SessionGoneError();
    return this.#updates.run(handle, change);
  }

  /**
   * Gives the session of a request a new id, and stores it: at every step up in what its visitor may do. For `grace` (0), an hour at
   * most, requests with the old id read what it held before, without the fields of its user.
   *
   * @throws ConflictException (409), its cause a `SessionGoneError`, when it was ended meanwhile
   * @throws ServiceUnavailableException (503) where Redis does not answer
   */
  async rotate(request: object, options: { readonly grace?: Duration } = {}): Promise<void> {
    const { grace } = optionsObject(options, 'options', ['grace']);
    const length = grace === undefined ? 0 : milliseconds(grace as Duration, 'options.grace');
    if (length < 0 || length > LONGEST_GRACE) {
      throw new InvalidOptionsError('options.grace', 'must be from 0 to one hour', grace);
    }
    await this.#parts.requests.rotate(requestOf(request), length);
  }

  /**
   * Signs a user in: the session of the request gets a new id, keeps what it held, gets these fields, and is stored. With an attempt
   * of `beginLogin`, only if the user's sessions were not ended since.
   *
   * @throws ConflictException (409), its cause a `SessionGoneError`, when the attempt was overtaken or is older than ten minutes, or
   *   the session was ended meanwhile. Nobody is signed in then
   * @throws ServiceUnavailableException (503) where Redis does not answer
   */
  async login(request: object, fields: SessionFields, attempt?: LoginAttempt): Promise<void> {
    requireObject(fields, 'fields');
    if (attempt !== undefined) requireAttempt(attempt);
    await this.#parts.requests.login(requestOf(request), fields, attempt);
  }

  /** Begins a login, before the password is looked at. One round trip. */
  async beginLogin(userId: string): Promise<LoginAttempt> {
    return this.#parts.storage.beginLogin(this.#userKey(userId));
  }

  /** The handle of the session of a request; `undefined` = it has none that is stored. */
  handleOf(request: object): string | undefined {
    return this.#parts.requests.handle(requestOf(request));
  }

  /** Walks the handles of all live sessions, in no order. One that begins or ends meanwhile may be missing, and one come twice. */
  all(): AsyncIterable<string> {
    return this.#parts.storage.handles();
  }

  [Symbol.asyncIterator](): AsyncIterator<string> {
    return this.all()[Symbol.asyncIterator]();
  }

  #userKey(userId: unknown): string {
    if (this.#parts.settings.userId === undefined) {
      throw new InvalidOptionsError('session.userId', 'is needed to know whose a session is');
    }
    if (typeof userId === 'string' && userId !== '') return this.#parts.storage.userKeyOf(userId);
    throw new InvalidOptionsError('userId', 'must be a string that is not empty', userId);
  }
}

function infoOf({ handle, createdAt, lastSeenAt, device, baseline }: SessionRecord): SessionInfo {
  return { handle, createdAt, lastSeenAt, expiresAt: baseline.deadline, device };
}

/** Handles may come from clients: one that cannot be any names no session. */
function isHandle(handle: unknown): boolean {
  if (typeof handle === 'string') return HANDLE.test(handle);
  throw new InvalidOptionsError('handle', 'must be a string', handle);
}

function requestOf(request: unknown): object {
  if (typeof request === 'object' && request !== null) return request;
  throw new InvalidOptionsError('request', 'must be a request', request);
}

function requireAttempt(attempt: unknown): void {
  const { userKey, epoch, at } = requireObject(attempt, 'attempt');
  if (typeof userKey === 'string' && typeof epoch === 'string' && typeof at === 'number') return;
  throw new InvalidOptionsError('attempt', 'must be what beginLogin() gave');
}
