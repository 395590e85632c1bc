import type { Clock } from '../clock.js';
import type { RedisConnection } from '../connection/connection.js';
import { InvalidOptionsError, SessionGoneError } from '../errors.js';
import { maxAgeOf, storedCookie } from './cookie-age.js';
import { fieldTexts, joinTexts, parseFields } from './record/fields-text.js';
import { handleOf } from './record/session-ids.js';
import type { Baseline, SessionDraft, SessionFields, SessionRecord } from './record/session-record.js';
import { copyOf, SessionBaselines, type HeldSession } from './session-baselines.js';
import type { ResolvedSessionStorage } from './storage/resolve-storage-options.js';
import type { SessionStorage, WriteOutcome } from './storage/session-storage.js';
import { TextDraft } from './text-draft.js';

/** What sessions as objects are made of. */
export interface StoredSessionsParts {
  readonly storage: SessionStorage;
  readonly connection: Pick<RedisConnection, 'now'>;
  readonly settings: Pick<ResolvedSessionStorage, 'ttl' | 'onGone'>;
  readonly clock: Clock;
  /** What the first calls wait for; `undefined` = nothing any more. */
  readonly starting: () => Promise<void> | undefined;
}

/** 128 bits in base64url. */
const SHORTEST_ID = 22;
const BATCH = 100;

/**
 * The sessions of a storage as the objects that frameworks work on: an object that was read, or made of one that was read, is
 * stored as what changed in it, and only while its session lives.
 */
export class StoredSessions {
  readonly #baselines = new SessionBaselines();
  readonly #parts: StoredSessionsParts;

  constructor(parts: StoredSessionsParts) {
    this.#parts = parts;
  }

  /** Reads a session; `undefined` = there is none. An id that nobody can have been given is not asked for. */
  async read(id: string): Promise<object | undefined> {
    if (!isId(id)) return undefined;
    const starting = this.#parts.starting();
    if (starting !== undefined) await starting;
    const record = await this.#parts.storage.read(id);
    return record === undefined ? undefined : this.#give(id, record);
  }

  /** All live sessions. Each has its handle as `id`, which is not enumerable, unless it has a field of that name. */
  async readAll(): Promise<object[]> {
    const found: object[] = [];
    const handles = await this.handles();
    for (let start = 0; start < handles.length; start += BATCH) {
      const batch = handles.slice(start, start + BATCH);
      const records = await Promise.all(batch.map((handle) => this.#parts.storage.readHandle(handle)));
      for (const record of records) {
        if (record === undefined || record.frozen) continue;
        const session = this.#give(record.handle, record);
        if (!('id' in session)) Object.defineProperty(session, 'id', { value: record.handle });
        found.push(session);
      }
    }
    return found;
  }

  async handles(): Promise<string[]> {
    await this.#parts.starting();
    const handles = new Set<string>();
    for await (const handle of this.#parts.storage.handles()) handles.add(handle);
    return [...handles];
  }

  /**
   * Stores what the object holds when this is called. What is as it was read takes no round trip while its life is long enough.
   *
   * @throws SessionGoneError with `onGone: 'error'`, when the session was ended meanwhile
   */
  async save(id: string, session: object): Promise<void> {
    if (!isId(id))
      throw new InvalidOptionsError('id', `must be a string of at least ${SHORTEST_ID} characters`);
    const held = this.#heldOf(id, session);
    // What happens to the object from now on is not of this write, even if it has to wait.
    const texts = fieldTexts(session as SessionFields);
    const cookie: unknown = Reflect.get(session, 'cookie');
    await this.#inTurn(held, () => this.#save(held, texts, cookie));
  }

  /** Lengthens the life of a session where that is due, and keeps its own idle time. Changed fields are not stored. */
  async touch(id: string, session: object): Promise<void> {
    if (!isId(id)) return;
    const held = this.#heldOf(id, session);
    const cookie: unknown = Reflect.get(session, 'cookie');
    await this.#inTurn(held, () => this.#touch(held, cookie));
  }

  /** Ends a session, so that no request that still runs brings it back. */
  async end(id: string): Promise<void> {
    if (!isId(id)) return;
    await this.#parts.starting();
    await this.#parts.storage.destroy(id, 'logout');
  }

  async count(): Promise<number> {
    await this.#parts.starting();
    return this.#parts.storage.count();
  }

  async clear(): Promise<void> {
    await this.#parts.starting();
    await this.#parts.storage.clear();
  }

  /** Says that an object was made from another one, which somebody says to have read. */
  adopt(session: object, from: object, id: string): void {
    const known = this.#baselines.of(from, id);
    // What was not read is never stored under an id that somebody may have made up.
    this.#baselines.hold(session, known === undefined ? heldSession(id, { isNew: false }) : copyOf(known));
  }

  async #save(held: HeldSession, texts: ReadonlyMap<string, string>, cookie: unknown): Promise<void> {
    const maxAge = this.#maxAge(held, cookie);
    if (typeof maxAge === 'number' && maxAge <= 0) {
      await this.#parts.storage.destroy(held.id, 'logout');
      return;
    }
    if (held.baseline !== undefined && isState(held.baseline, maxAge, texts)) {
      await this.#lengthen(held, held.baseline);
      return;
    }
    const outcome = await this.#write(held, new TextDraft(texts, maxAge));
    if (this.#parts.settings.onGone === 'error' && (outcome === 'gone' || outcome === 'frozen')) {
      throw new SessionGoneError();
    }
  }

  async #write(held: HeldSession, draft: SessionDraft): Promise<WriteOutcome> {
    const { storage } = this.#parts;
    if (held.baseline === undefined) {
      held.baseline = held.isNew ? await storage.create(held.id, draft) : undefined;
      if (held.baseline !== undefined) return 'stored';
      // Of what is stored without being read before, nothing is known but that it is to replace what is there.
      const record = await storage.read(held.id);
      if (record === undefined) return 'gone';
      held.baseline = record.baseline;
    }
    return storage.update(held.handle, draft, held.baseline);
  }

  async #touch(held: HeldSession, cookie: unknown): Promise<void> {
    held.baseline ??= (await this.#parts.storage.read(held.id))?.baseline;
    if (held.baseline === undefined) return;
    const { text, maxAge } = held.baseline;
    if (this.#maxAge(held, cookie) === maxAge) await this.#lengthen(held, held.baseline);
    else await this.#save(held, fieldTexts(parseFields(text)), cookie);
  }

  async #lengthen({ handle }: HeldSession, baseline: Baseline): Promise<void> {
    const { storage } = this.#parts;
    if (storage.isTouchDue(baseline)) await storage.touch(handle, baseline);
  }

  #maxAge({ baseline }: HeldSession, cookie: unknown): number | null | undefined {
    const { settings, clock } = this.#parts;
    return maxAgeOf(cookie, { ttl: settings.ttl, baseline, now: clock.now() });
  }

  /** Writes of one object one after the other: each goes by the state that the one before has left. */
  #inTurn(held: HeldSession, write: () => Promise<void>): Promise<void> {
    const before = held.turn ?? this.#parts.starting();
    const work = before === undefined ? write() : before.then(write);
    // Whoever called is told how it went; the next one only waits.
    const end = (): void => {
      if (held.turn === turn) held.turn = undefined;
    };
    const turn: Promise<void> = work.then(end, end);
    held.turn = turn;
    return work;
  }

  #heldOf(id: string, session: object): HeldSession {
    const known = this.#baselines.of(session, id);
    if (known !== undefined) return known;
    const held = heldSession(id, { isNew: true });
    this.#baselines.hold(session, held);
    return held;
  }

  #give(id: string, { handle, fields, baseline }: SessionRecord): object {
    const { settings, clock, connection } = this.#parts;
    const age = baseline.maxAge === undefined ? settings.ttl : baseline.maxAge;
    const cookie = storedCookie(age, baseline.deadline - connection.now(), clock.now());
    return this.#baselines.give(
      { cookie, ...fields },
      { id, handle, baseline, isNew: false, turn: undefined },
    );
  }
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && id.length >= SHORTEST_ID;
}

/** Whether that is what is stored: for sure, so not after a write that was not answered. */
function isState(
  { unsure, maxAge, text }: Baseline,
  age: number | null | undefined,
  texts: ReadonlyMap<string, string>,
): boolean {
  return unsure === undefined && maxAge === age && text === joinTexts(texts);
}

/** A session of whose state nothing is known. */
function heldSession(id: string, { isNew }: Pick<HeldSession, 'isNew'>): HeldSession {
  return { id, handle: handleOf(id), baseline: undefined, isNew, turn: undefined };
}
