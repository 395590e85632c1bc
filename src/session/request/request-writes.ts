import { SessionGoneError } from '../../errors.js';
import { handleOf, newSessionId } from '../record/session-ids.js';
import type { SessionDraft } from '../record/session-record.js';
import type { LoginAttempt } from '../storage/session-storage.js';
import type { OwnedSession } from './owned-session.js';
import { deviceOf, type SessionRequest } from './session-request.js';
import type { RequestParts } from './session-parts.js';

/** What one request does to its sessions in Redis, and which of them the client is to be told of. */
export class RequestWrites {
  readonly #request: SessionRequest;
  readonly #parts: RequestParts;
  #toldId: string | undefined;
  #hasBegun = false;

  constructor(request: SessionRequest, parts: RequestParts) {
    this.#request = request;
    this.#parts = parts;
  }

  /** The id that the client is to be told; `undefined` = it is not, or knows it. */
  get toldId(): string | undefined {
    return this.#toldId;
  }

  /** Whether something else was done but to lengthen a life, or was tried. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  isTouchDue({ baseline, frozen }: OwnedSession): boolean {
    const { rules, storage } = this.#parts;
    return rules.rolling && baseline !== undefined && !frozen && storage.isTouchDue(baseline);
  }

  /** Stores a session. `lasts` = its cookie ends at a time, which is told where the session's life was lengthened. */
  async store(owned: OwnedSession, draft: SessionDraft, lasts: boolean): Promise<void> {
    this.#hasBegun = true;
    if (isUncertain(owned)) await this.#recall(owned);
    // A cookie that has ended ends the session.
    if (typeof draft.maxAge === 'number' && draft.maxAge <= 0) await this.end(owned);
    else if (owned.baseline === undefined) await this.#create(owned, draft);
    else await this.#update(owned, draft, lasts);
  }

  /** Lengthens the life of a session. `lasts` as above. */
  async touch(owned: OwnedSession, lasts: boolean): Promise<void> {
    if (owned.baseline === undefined || owned.ended || owned.frozen) return;
    const lives = await this.#parts.storage.touch(handleOf(owned.id), owned.baseline);
    if (!lives) owned.ended = true;
    else if (lasts) this.#toldId = owned.id;
  }

  /**
   * Ends a session, also under another id that it was given since it was read: who was told that he is signed out must be. One that
   * was never stored is forgotten.
   */
  async end(owned: OwnedSession): Promise<void> {
    this.#hasBegun = true;
    const { id, baseline, attempted } = owned;
    if (baseline !== undefined || attempted) await this.#parts.storage.destroy(id, 'logout', baseline);
    owned.ended = true;
  }

  /**
   * Stores a session under another id, or for the first time.
   *
   * @throws SessionGoneError when it was ended meanwhile
   */
  async renew(owned: OwnedSession, draft: SessionDraft, grace: number, login?: LoginAttempt): Promise<void> {
    this.#hasBegun = true;
    if (isUncertain(owned)) await this.#recall(owned);
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
  }

  /** A write met no session that lives. */
  lost(owned: OwnedSession): void {
    owned.ended = true;
    if (this.#parts.rules.onGone === 'error') throw new SessionGoneError();
  }

  async #create(owned: OwnedSession, draft: SessionDraft, login?: LoginAttempt): Promise<void> {
    const { rules, storage } = this.#parts;
    const device = rules.device ? deviceOf(this.#request, rules.secrets[0] ?? '') : undefined;
    owned.attempted = true;
    owned.baseline = await storage.create(owned.id, draft, { device, login });
    if (owned.baseline === undefined) this.lost(owned);
    else this.#toldId = owned.id;
  }

  async #update(owned: OwnedSession, draft: SessionDraft, lasts: boolean): Promise<void> {
    const { baseline } = owned;
    if (baseline === undefined) return;
    const before = baseline.maxAge;
    const isDue = this.isTouchDue(owned);
    const outcome = await this.#parts.storage.update(handleOf(owned.id), draft, baseline);
    if (outcome === 'gone' || outcome === 'frozen') this.lost(owned);
    else if (draft.maxAge !== before || (isDue && lasts)) this.#toldId = owned.id;
  }

  async #recall(owned: OwnedSession): Promise<void> {
    owned.baseline = (await this.#parts.storage.read(owned.id))?.baseline;
    if (owned.baseline !== undefined) this.#toldId = owned.id;
  }
}

/** Whether it was not answered if a session is stored. */
function isUncertain({ baseline, attempted, ended }: OwnedSession): boolean {
  return attempted && baseline === undefined && !ended;
}
