import type { Clock } from '../clock.js';
import { InvalidOptionsError, RedisCacheError, SessionGoneError } from '../errors.js';
import { fieldsText, parseFields } from './record/fields-text.js';
import type { SessionFields, SessionRecord } from './record/session-record.js';
import type { UserOf } from './record/user-fields.js';
import type { RequestSessions } from './storage/request-sessions.js';
import type { SessionStorage } from './storage/session-storage.js';

type Change = (fields: Record<string, unknown>) => SessionFields | void | Promise<SessionFields | void>;

const TRIES = 100;
/** The longest pause before another try, in milliseconds: two processes must not go on in step. */
const LONGEST_PAUSE = 50;

/** What changes of sessions go by. */
export interface SessionUpdatesParts {
  readonly storage: SessionStorage;
  readonly requests: Pick<RequestSessions, 'check'>;
  readonly settings: { readonly userId: UserOf | undefined };
  readonly clock: Clock;
}

/** Changes sessions in steps, each of which is repeated until nobody has written in between. */
export class SessionUpdates {
  readonly #parts: SessionUpdatesParts;
  /** The last change of each session that this process changes now: they go one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: SessionUpdatesParts) {
    this.#parts = parts;
  }

  /** @throws SessionGoneError when there is no such session (any more) */
  async run(handle: string, change: Change): Promise<SessionFields> {
    const before = this.#turns.get(handle) ?? Promise.resolve();
    const work = before.then(() => this.#repeat(handle, change));
    const turn = work.catch(() => undefined);
    this.#turns.set(handle, turn);
    try {
      return await work;
    } finally {
      if (this.#turns.get(handle) === turn) this.#turns.delete(handle);
    }
  }

  async #repeat(handle: string, change: Change): Promise<SessionFields> {
    for (let tries = 1; tries <= TRIES; tries++) {
      const record = await this.#parts.storage.readHandle(handle);
      if (record === undefined || record.frozen) throw new SessionGoneError();
      const stored = await this.#try(record, change);
      if (stored !== undefined) return stored;
      await this.#pause(Math.random() * Math.min(LONGEST_PAUSE, tries));
    }
    throw new RedisCacheError('REDIS_REFUSED', `Others kept writing to the session, ${TRIES} times.`);
  }

  /** `undefined` = others wrote in between, and nothing was changed. */
  async #try(record: SessionRecord, change: Change): Promise<SessionFields | undefined> {
    const { handle, baseline } = record;
    const copy = { ...parseFields(baseline.text) };
    const fields = parseFields(fieldsText((await change(copy)) ?? copy));
    const text = fieldsText(fields);
    if (text === baseline.text) return fields;
    const { storage, requests, settings } = this.#parts;
    requests.check(fields);
    if (settings.userId?.(fields) !== settings.userId?.(record.fields)) {
      throw new InvalidOptionsError(
        'change',
        'must not change whose session it is: that takes a login or an end',
      );
    }
    const outcome = await storage.replace(handle, { fields, maxAge: baseline.maxAge }, baseline);
    if (outcome === 'gone' || outcome === 'frozen') throw new SessionGoneError();
    return outcome === 'stored' ? fields : undefined;
  }

  #pause(length: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.clock.schedule(length, resolve, true));
  }
}
