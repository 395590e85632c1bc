import type { SessionNotice } from '../../di/session-notice.js';
import { SessionGoneError } from '../../errors.js';
import { handleOf, newSessionId } from '../record/session-ids.js';
import type { SessionDraft, SessionFields, SessionRecord } from '../record/session-record.js';
import type { LoginAttempt } from '../storage/session-storage.js';
import {
  isChanged,
  newSession,
  readSession,
  sessionObject,
  setFields,
  type OwnedSession,
} from './owned-session.js';
import { RequestSessionStore, type SessionActions } from './request-session-store.js';
import type { ServedSession } from './served-session.js';
import { cookieText, hasEnd, makeCookie, ownMaxAge } from './session-cookie.js';
import { sessionFailure } from './session-failure.js';
import type { SessionCookie } from './session-object.js';
import { SessionProperty } from './session-property.js';
import { deviceOf, type SessionRequest } from './session-request.js';
import type { SessionParts } from './session-rules.js';
import { Turns } from './turns.js';

/** The session of one request: what it was read as, what stands in `request.session` now, and what is to be stored of it. */
export class RequestSession implements ServedSession, SessionActions {
  readonly notice: SessionNotice;
  readonly #request: SessionRequest;
  readonly #parts: SessionParts;
  readonly #property: SessionProperty;
  readonly #turns = new Turns();
  /** Of which session each object is. */
  readonly #owned = new WeakMap<object, OwnedSession>();
  /** The session that was put into the request last. */
  #last: { readonly owned: OwnedSession; readonly cookie: SessionCookie };
  /** The id that the client is to be told. */
  #toldId: string | undefined;
  #hasWritten = false;
  #commit: Promise<void> | undefined;
  #hasCommitted = false;

  /** Puts a session into the request: the one that was read, or a new one. */
  constructor(request: SessionRequest, parts: SessionParts, found?: { id: string; record: SessionRecord }) {
    this.#request = request;
    this.#parts = parts;
    this.#property = new SessionProperty(request);
    request.sessionStore = new RequestSessionStore(this);
    const owned = found === undefined ? newSession() : readSession(found.id, found.record);
    this.#last = this.#put(owned, found?.record.fields);
    this.notice = this.#makeNotice(found !== undefined);
  }

  get wasRead(): boolean {
    return this.#property.wasRead;
  }

  get cookie(): string | undefined {
    const session = this.#property.value;
    if (this.#toldId === undefined || session === undefined) return undefined;
    const owned = this.#ownedOf(session);
    if (owned.id !== this.#toldId || owned.ended) return undefined;
    return cookieText(this.#cookieOf(session), owned.id, this.#request, this.#parts);
  }

  get handle(): string | undefined {
    const { baseline, ended, id } = this.#last.owned;
    return baseline === undefined || ended ? undefined : handleOf(id);
  }

  commit(): Promise<void> | undefined {
    if (this.#hasCommitted) return this.#commit;
    this.#hasCommitted = true;
    if (!this.#turns.busy && !this.#isCommitDue()) return undefined;
    this.#commit = this.#turns
      .take(() => this.#storeLast())
      .catch((error: unknown) => {
        throw sessionFailure(error);
      })
      .finally(() => {
        this.#commit = undefined;
      });
    return this.#commit;
  }

  async read(id: string): Promise<object | undefined> {
    const record = await this.#parts.storage.read(id);
    if (record === undefined) return undefined;
    const fields = { ...record.fields, cookie: this.#newCookie(record.baseline.maxAge) };
    this.#owned.set(fields, readSession(id, record));
    return fields;
  }

  adopt(request: SessionRequest, fields: object): object {
    const owned = this.#owned.get(fields) ?? newSession(request.sessionID);
    if (request === this.#request) {
      this.#last = this.#put(owned, fields);
      return this.#property.value as object;
    }
    const cookie = this.#newCookie(owned.baseline?.maxAge);
    const session = sessionObject(this.#parts.classes, request, { owned, fields, cookie });
    this.#owned.set(session, owned);
    return Object.assign(request, { session }).session;
  }

  save(session: object, id: string): Promise<void> {
    return this.#turns.take(() => this.#store(session, this.#ownedOf(session, id)));
  }

  touch(session: object, id: string): Promise<void> {
    return this.#turns.take(() => this.#touch(session, this.#ownedOf(session, id)));
  }

  end(id: string): Promise<void> {
    return this.#turns.take(() => this.#end(this.#last.owned.id === id ? this.#last.owned : known(id)));
  }

  regenerate(): Promise<void> {
    return this.#turns.take(async () => {
      await this.#end(this.#last.owned);
      this.generate();
    });
  }

  generate(): void {
    this.#last = this.#put(newSession());
  }

  rotate(grace: number): Promise<void> {
    return this.#turns.take(() => this.#renew({}, grace));
  }

  login(fields: SessionFields, attempt?: LoginAttempt): Promise<void> {
    return this.#turns.take(() => this.#renew(fields, 0, attempt));
  }

  #put(owned: OwnedSession, fields: object = {}): { owned: OwnedSession; cookie: SessionCookie } {
    const cookie = this.#newCookie(owned.baseline?.maxAge);
    const session = sessionObject(this.#parts.classes, this.#request, { owned, fields, cookie });
    this.#owned.set(session, owned);
    this.#request.sessionID = owned.id;
    this.#property.put(session);
    return { owned, cookie };
  }

  #newCookie(maxAge: number | null | undefined): SessionCookie {
    const { classes, rules } = this.#parts;
    return makeCookie(classes, rules, this.#request, maxAge);
  }

  /** What an object is of that somebody else has put into the request is the session that was there. */
  #ownedOf(session: object, id = this.#last.owned.id): OwnedSession {
    const owned = this.#owned.get(session) ?? this.#last.owned;
    return owned.id === id ? owned : newSession(id);
  }

  #cookieOf(session: object): SessionCookie {
    const cookie = Reflect.get(session, 'cookie') as SessionCookie | undefined;
    return typeof cookie?.serialize === 'function' ? cookie : this.#last.cookie;
  }

  #draftOf(session: object, { baseline }: OwnedSession): SessionDraft {
    const maxAge = ownMaxAge(this.#cookieOf(session), this.#parts.rules.ttl, baseline?.maxAge);
    return { fields: session as SessionFields, maxAge };
  }

  #isCommitDue(): boolean {
    const session = this.#property.value;
    if (session === undefined) return false;
    const owned = this.#ownedOf(session);
    try {
      return !owned.ended && (this.#isDirty(session, owned) || this.#isTouchDue(owned));
    } catch {
      // What is no data is told of by the attempt to store it.
      return true;
    }
  }

  #isDirty(session: object, owned: OwnedSession): boolean {
    if (isChanged(session, owned)) return true;
    return owned.baseline !== undefined && this.#draftOf(session, owned).maxAge !== owned.baseline.maxAge;
  }

  #isTouchDue({ baseline, frozen }: OwnedSession): boolean {
    const { rules, storage } = this.#parts;
    return rules.rolling && baseline !== undefined && !frozen && storage.isTouchDue(baseline);
  }

  async #storeLast(): Promise<void> {
    const session = this.#property.value;
    const owned = session && this.#ownedOf(session);
    if (owned?.ended === false) await this.#store(session as object, owned);
  }

  async #store(session: object, owned: OwnedSession): Promise<void> {
    if (owned.ended) return this.#lost(owned);
    if (!this.#isDirty(session, owned)) {
      if (this.#isTouchDue(owned)) await this.#touch(session, owned).catch(() => undefined);
      return;
    }
    this.#hasWritten = true;
    const draft = this.#draftOf(session, owned);
    // A cookie that has ended ends the session.
    if (typeof draft.maxAge === 'number' && draft.maxAge <= 0) await this.#end(owned);
    else if (owned.baseline === undefined) await this.#create(owned, draft);
    else await this.#update(session, owned, draft);
  }

  async #create(owned: OwnedSession, draft: SessionDraft, login?: LoginAttempt): Promise<void> {
    const { rules, storage } = this.#parts;
    const device = rules.device ? deviceOf(this.#request, rules.secrets[0] ?? '') : undefined;
    owned.attempted = true;
    owned.baseline = await storage.create(owned.id, draft, { device, login });
    if (owned.baseline === undefined) this.#lost(owned);
    else this.#toldId = owned.id;
  }

  async #update(session: object, owned: OwnedSession, draft: SessionDraft): Promise<void> {
    const { baseline } = owned;
    if (baseline === undefined) return;
    const before = baseline.maxAge;
    const isDue = this.#isTouchDue(owned);
    const outcome = await this.#parts.storage.update(handleOf(owned.id), draft, baseline);
    if (outcome === 'gone' || outcome === 'frozen') this.#lost(owned);
    else if (draft.maxAge !== before || (isDue && hasEnd(this.#cookieOf(session)))) this.#toldId = owned.id;
  }

  async #touch(session: object, owned: OwnedSession): Promise<void> {
    if (owned.baseline === undefined || owned.ended || owned.frozen) return;
    const lives = await this.#parts.storage.touch(handleOf(owned.id), owned.baseline);
    if (!lives) owned.ended = true;
    else if (hasEnd(this.#cookieOf(session))) this.#toldId = owned.id;
  }

  async #end(owned: OwnedSession): Promise<void> {
    this.#hasWritten = true;
    if (owned.baseline !== undefined || owned.attempted)
      await this.#parts.storage.destroy(owned.id, 'logout');
    owned.ended = true;
  }

  async #renew(fields: SessionFields, grace: number, login?: LoginAttempt): Promise<void> {
    if (this.#property.value === undefined || this.#last.owned.ended) this.generate();
    const session = this.#property.value as object;
    const { owned } = this.#last;
    const draft = this.#draftOf({ ...session, ...fields }, owned);
    this.#hasWritten = true;
    if (owned.baseline === undefined) {
      await this.#create(owned, draft, login);
    } else {
      const to = newSessionId();
      const baseline = await this.#parts.storage.rotate(owned.id, to, draft, grace, login, owned.baseline);
      if (baseline === undefined) owned.ended = true;
      else Object.assign(owned, { id: to, baseline });
      this.#toldId = to;
    }
    if (owned.ended) throw new SessionGoneError();
    this.#request.sessionID = owned.id;
    setFields(session, fields);
  }

  /** A write met no session that lives. */
  #lost(owned: OwnedSession): void {
    owned.ended = true;
    if (this.#parts.rules.onGone === 'error') throw new SessionGoneError();
  }

  #isModified(): boolean {
    if (this.#hasWritten) return true;
    const session = this.#property.value;
    if (session === undefined) return this.#last.owned.baseline !== undefined;
    try {
      return this.#isDirty(session, this.#ownedOf(session));
    } catch {
      return true;
    }
  }

  #makeNotice(loaded: boolean): SessionNotice {
    const isRead = () => this.wasRead;
    const isModified = () => this.#isModified();
    return {
      loaded,
      get read() {
        return isRead();
      },
      get modified() {
        return isModified();
      },
    };
  }
}

/** A session of which only the id is known. */
function known(id: string): OwnedSession {
  return { ...newSession(id), attempted: true };
}
