import type { SessionNotice } from '../../di/session-notice.js';
import { ownIdleTime } from '../record/idle-time.js';
import { handleOf } from '../record/session-ids.js';
import type { SessionDraft, SessionFields, SessionRecord } from '../record/session-record.js';
import type { LoginAttempt } from '../storage/session-storage.js';
import {
  filled,
  isChanged,
  newSession,
  readSession,
  refuseMethodNames,
  setFields,
  type OwnedSession,
} from './owned-session.js';
import { RequestSessionStore, type SessionActions } from './request-session-store.js';
import type { ServedSession } from './served-session.js';
import { hasEnd } from './session-cookie.js';
import { failedEvent, isUnavailable, sessionFailure } from './session-failure.js';
import type { SessionCookie, SessionObject } from './session-object.js';
import { SessionProperty } from './session-property.js';
import type { SessionRequest } from './session-request.js';
import type { RequestParts } from './session-parts.js';
import { RequestWrites } from './request-writes.js';
import { Turns } from './turns.js';

/** What was read for `adopt`. */
interface Reading {
  readonly owned: OwnedSession;
  /** The session of the request when that was asked for, and its id. */
  readonly last: OwnedSession;
  readonly lastId: string;
}

const READ = new WeakMap<object, Reading>();

/** The session of one request: what it was read as, what stands in `request.session` now, and what is to be stored of it. */
export class RequestSession implements ServedSession, SessionActions {
  readonly #request: SessionRequest;
  readonly #parts: RequestParts;
  readonly #property: SessionProperty;
  readonly #writes: RequestWrites;
  readonly #turns = new Turns();
  /** What was read; `undefined` = there was none. */
  readonly #found: OwnedSession | undefined;
  /** The session that was put into the request last. */
  #last: { readonly owned: OwnedSession; readonly cookie: SessionCookie };
  #hasFailed = false;
  #commit: Promise<void> | undefined;
  #hasCommitted = false;

  /** Puts a session into the request: the one that was read, or a new one. */
  constructor(request: SessionRequest, parts: RequestParts, found?: { id: string; record: SessionRecord }) {
    this.#request = request;
    this.#parts = parts;
    this.#property = new SessionProperty(request);
    this.#writes = new RequestWrites(request, parts);
    request.sessionStore = new RequestSessionStore(this);
    const owned = found === undefined ? newSession() : readSession(found.id, found.record);
    this.#last = this.#put(owned, found?.record.fields);
    this.#found = found && owned;
  }

  get wasRead(): boolean {
    return this.#property.wasRead;
  }

  get notice(): SessionNotice {
    const isRead = () => this.wasRead;
    const isModified = () => this.#isModified();
    return {
      loaded: this.#found !== undefined,
      get read() {
        return isRead();
      },
      get modified() {
        return isModified();
      },
    };
  }

  get cookie(): string | undefined {
    const session = this.#property.value;
    const { toldId } = this.#writes;
    if (toldId === undefined || session === undefined) return undefined;
    const owned = this.#ownedOf(session);
    if (owned.id !== toldId || owned.ended) return undefined;
    return this.#parts.cookies.write(this.#cookieOf(session), owned.id, this.#request);
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  get handle(): string | undefined {
    const { baseline, ended, id } = this.#last.owned;
    return baseline === undefined || ended ? undefined : handleOf(id);
  }

  commit(): Promise<void> | undefined {
    if (this.#hasCommitted) return this.#commit;
    this.#hasCommitted = true;
    if (!this.#turns.busy && !this.#isCommitDue()) return undefined;
    this.#commit = this.#take(() => this.#storeLast()).finally(() => {
      this.#commit = undefined;
    });
    return this.#commit;
  }

  async read(id: string): Promise<object | undefined> {
    const last = this.#last.owned;
    const lastId = last.id;
    const record = await this.#told(this.#parts.storage.read(id), id);
    if (record === undefined) return undefined;
    const fields = { ...record.fields, cookie: this.#newCookie(record.baseline.maxAge) };
    READ.set(fields, { owned: readSession(id, record), last, lastId });
    return fields;
  }

  adopt(request: SessionRequest, fields: object): object {
    const reading = READ.get(fields);
    const owned = reading?.owned ?? newSession(request.sessionID);
    if (request === this.#request) {
      const standing = this.#property.value;
      // The session has got another id, or there is another one, since that was asked for: that holds.
      if (standing !== undefined && reading !== undefined && this.#hasMoved(reading)) return standing;
      this.#last = this.#put(owned, fields);
      return this.#property.value as object;
    }
    const session = this.#sessionObject(request, owned, fields);
    return Object.assign(request, { session }).session;
  }

  save(session: object, id: string): Promise<void> {
    // Before the turn: a session that gets another id meanwhile is the same one.
    const owned = this.#ownedOf(session, id);
    return this.#take(() => this.#store(session, owned));
  }

  touch(session: object, id: string): Promise<void> {
    const owned = this.#ownedOf(session, id);
    return this.#take(() => this.#writes.touch(owned, this.#lasts(session)));
  }

  end(id: string): Promise<void> {
    const owned = this.#last.owned.id === id ? this.#last.owned : known(id);
    return this.#take(() => this.#writes.end(owned));
  }

  async regenerate(): Promise<void> {
    this.#refuseLate();
    await this.#take(async () => {
      await this.#writes.end(this.#last.owned);
      this.generate();
    });
  }

  generate(): void {
    this.#last = this.#put(newSession());
  }

  async rotate(grace: number): Promise<void> {
    this.#refuseLate();
    await this.#take(() => this.#renew({}, grace));
  }

  async login(fields: SessionFields, attempt?: LoginAttempt): Promise<void> {
    this.#refuseLate();
    await this.#take(() => this.#renew(fields, 0, attempt));
  }

  #refuseLate(): void {
    if (!this.#hasCommitted) return;
    throw new TypeError('The head of the response is gone: nobody can be told another id of the session.');
  }

  /** Whether the request has another session since something was read, or its session another id. */
  #hasMoved({ last, lastId }: Reading): boolean {
    return this.#last.owned !== last || last.id !== lastId;
  }

  /** Does one thing after the other. Rejects with what filters are to see. */
  #take(work: () => Promise<void>): Promise<void> {
    return this.#told(this.#turns.take(work));
  }

  #told<T>(work: Promise<T>, id?: string): Promise<T> {
    return work.catch((error: unknown) => {
      this.#report(error, id);
      const failure = sessionFailure(error);
      this.#hasFailed ||= isUnavailable(failure);
      throw failure;
    });
  }

  #report(cause: unknown, id = this.#last.owned.id): void {
    const event = failedEvent(id, cause);
    if (event !== undefined) this.#parts.report(event);
  }

  #put(owned: OwnedSession, fields: object = {}): { owned: OwnedSession; cookie: SessionCookie } {
    const session = this.#sessionObject(this.#request, owned, fields);
    this.#request.sessionID = owned.id;
    this.#property.put(session);
    return { owned, cookie: session.cookie };
  }

  #sessionObject(request: SessionRequest, owned: OwnedSession, fields: object): SessionObject {
    const cookie = this.#newCookie(owned.baseline?.maxAge);
    return filled(new this.#parts.BoundSession(this, request, owned), fields, cookie);
  }

  #newCookie(maxAge: number | null | undefined): SessionCookie {
    return this.#parts.cookies.make(this.#request, maxAge);
  }

  /** What an object is of that somebody else has put into the request is the session that was there. */
  #ownedOf(session: object, id = this.#last.owned.id): OwnedSession {
    const owned = this.#parts.BoundSession.ownedOf(session, this) ?? this.#last.owned;
    return owned.id === id ? owned : newSession(id);
  }

  #cookieOf(session: object): SessionCookie {
    const cookie = Reflect.get(session, 'cookie') as SessionCookie | undefined;
    return typeof cookie?.serialize === 'function' ? cookie : this.#last.cookie;
  }

  #draftOf(session: object, owned: OwnedSession): SessionDraft {
    const fields = session as SessionFields;
    refuseMethodNames(fields, this.#parts.BoundSession.prototype);
    return { fields, maxAge: this.#maxAgeOf(session, owned) };
  }

  #maxAgeOf(session: object, { baseline }: OwnedSession): number | null | undefined {
    return ownIdleTime(this.#cookieOf(session).originalMaxAge, this.#parts.rules.ttl, baseline?.maxAge);
  }

  #isCommitDue(): boolean {
    const session = this.#property.value;
    if (session === undefined) return false;
    const owned = this.#ownedOf(session);
    if (owned.ended) return false;
    // What was read and nobody has looked at needs no comparison.
    const isDirty = !(owned === this.#found && this.#property.isUntouched) && this.#isDirty(session, owned);
    return isDirty || this.#writes.isTouchDue(owned);
  }

  #isDirty(session: object, owned: OwnedSession): boolean {
    if (isChanged(session, owned)) return true;
    return owned.baseline !== undefined && this.#maxAgeOf(session, owned) !== owned.baseline.maxAge;
  }

  async #storeLast(): Promise<void> {
    const session = this.#property.value;
    const owned = session && this.#ownedOf(session);
    if (owned?.ended === false) await this.#store(session as object, owned);
  }

  async #store(session: object, owned: OwnedSession): Promise<void> {
    const writes = this.#writes;
    const lasts = this.#lasts(session);
    if (owned.ended) writes.lost(owned);
    else if (this.#isDirty(session, owned)) await writes.store(owned, this.#draftOf(session, owned), lasts);
    else if (writes.isTouchDue(owned)) await this.#lengthen(owned, lasts);
  }

  /** A response does not fail for it: the session lives on, and the next request tries it again. */
  #lengthen(owned: OwnedSession, lasts: boolean): Promise<void> {
    return this.#writes.touch(owned, lasts).catch((cause: unknown) => this.#report(cause, owned.id));
  }

  async #renew(fields: SessionFields, grace: number, login?: LoginAttempt): Promise<void> {
    if (this.#property.value === undefined || this.#last.owned.ended) this.generate();
    const session = this.#property.value as object;
    const { owned } = this.#last;
    const draft = this.#draftOf({ ...session, ...fields }, owned);
    await this.#writes.renew(owned, draft, grace, login);
    this.#request.sessionID = owned.id;
    setFields(session, fields);
  }

  /** Whether the cookie of a session ends at a time. */
  #lasts(session: object): boolean {
    return hasEnd(this.#cookieOf(session));
  }

  #isModified(): boolean {
    if (this.#writes.hasBegun) return true;
    const session = this.#property.value;
    if (session === undefined) return this.#last.owned.baseline !== undefined;
    return this.#isDirty(session, this.#ownedOf(session));
  }
}

/** A session of which only the id is known. */
function known(id: string): OwnedSession {
  return { ...newSession(id), attempted: true };
}
