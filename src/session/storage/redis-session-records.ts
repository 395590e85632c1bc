import type { RedisCommand, RedisConnection, RedisReply } from '../../connection/connection.js';
import { fieldsText, fieldTexts, joinTexts } from '../record/fields-text.js';
import type { Sealer } from '../record/sealing.js';
import { maxAgeText } from '../record/session-header.js';
import { newVersion } from '../record/session-ids.js';
import { idleTtl, isTouchDue, ownMaxAge } from '../record/session-life.js';
import type {
  Baseline,
  SessionDevice,
  SessionDraft,
  SessionFields,
  SessionRecord,
} from '../record/session-record.js';
import { readRecord, type StoredHash, type UnreadableRecord } from '../record/stored-record.js';
import { lifeArguments, sealFields, timeText, type RecordSettings } from './record-arguments.js';
import { RedisRecordUpdates, type RecordChange } from './redis-record-updates.js';
import { ANSWER, CREATE, DESTROY, FREEZE, PUT_ASIDE, TOUCH } from './redis-session-scripts.js';
import type { SessionKeys } from './session-keys.js';
import type { ReplaceOutcome, WriteOutcome } from './session-storage.js';

/** A record to create. Times are milliseconds. */
export interface NewRecord {
  readonly draft: SessionDraft;
  readonly userKey: string | undefined;
  readonly device?: SessionDevice | undefined;
  /** Of the session that it takes the place of: it is as old, and ends when that one did (`Infinity` = never). */
  readonly origin?: { readonly createdAt: number; readonly absoluteEnd: number };
  /** How long it lives until it is lengthened, where that is not its idle time. */
  readonly life?: number;
}

/** What the old id of a rotated session is to read. */
export interface Freezing {
  /** The version that the session must still have. */
  readonly version: string;
  readonly fields: SessionFields;
  /** The handle of the new session. */
  readonly to: string;
  /** For how long, in milliseconds. With 0 the session is ended at once. */
  readonly grace: number;
}

/** A session that was ended, or was rotated lately. */
export interface EndedRecord {
  /** What stood for its user; `undefined` = nobody was signed in, or it was rotated. */
  readonly userKey: string | undefined;
  /** Where it was rotated: the handle of the session that it was rotated to, which lives on. */
  readonly rotatedTo: string | undefined;
}

const UNREADABLE_LIFE = '3600000';

/**
 * Sessions, one Redis key each, by their handles. What stands in indexes is none of its business.
 *
 * Every write is one script, an update that meets others' changes two: one round trip each, two where the server has not seen the
 * script yet. A write whose answer was lost may be sent again with the same nonce. Throws `RedisUnavailableError` where Redis does not answer in time, the server's error
 * replies, and for drafts `SerializationError` and `PayloadTooLargeError`: what was stored stays then.
 */
export class RedisSessionRecords {
  readonly #connection: RedisConnection;
  readonly #settings: RecordSettings;
  readonly #sealer: Sealer;
  readonly #keys: SessionKeys;
  readonly #updates: RedisRecordUpdates;

  constructor(connection: RedisConnection, settings: RecordSettings, sealer: Sealer, keys: SessionKeys) {
    this.#connection = connection;
    this.#settings = settings;
    this.#sealer = sealer;
    this.#keys = keys;
    this.#updates = new RedisRecordUpdates(connection, settings, sealer, keys);
  }

  /**
   * The live session of a handle, a frozen one too; `undefined` = there is none. One that cannot be read is left where it is:
   * `putAside` takes it away. One round trip; reads begun in the same turn of the event loop share it.
   */
  read(handle: string): Promise<SessionRecord | UnreadableRecord | undefined> {
    return this.#connection.request(this.#reading(handle)).then(
      (hash) => this.#recordOf(handle, hash),
      (error: Error) => this.#recordOf(handle, error),
    );
  }

  /** As `read`, with the replies to further commands that are sent behind it in the same round trip. */
  async readWith(
    handle: string,
    extra: readonly RedisCommand[],
  ): Promise<{
    readonly record: SessionRecord | UnreadableRecord | undefined;
    readonly replies: readonly (RedisReply | Error)[];
  }> {
    const [hash, ...replies] = await this.#connection.pipeline([this.#reading(handle), ...extra]);
    return { record: this.#recordOf(handle, hash), replies };
  }

  /**
   * Stores a new session and gives its state. `undefined` = the key is taken, or a session of it was ended lately.
   *
   * With the nonce of a `create` that was done already it changes nothing.
   */
  async create(handle: string, record: NewRecord, nonce = newVersion()): Promise<Baseline | undefined> {
    const { draft, userKey, device, origin } = record;
    const text = joinTexts(draft.texts ?? fieldTexts(draft.fields));
    const { maxBytes } = this.#settings;
    const maxAge = ownMaxAge(this.#settings, draft.maxAge);
    const reply = await this.#connection.evaluate(
      CREATE,
      [this.#keys.session(handle)],
      [
        nonce,
        sealFields(text, handle, { sealer: this.#sealer, maxBytes }),
        maxAgeText(maxAge),
        userKey ?? '',
        device === undefined ? '' : this.#sealer.seal(JSON.stringify(device), handle, 'm'),
        origin === undefined ? '' : timeText(origin.createdAt),
        origin === undefined ? '' : timeText(origin.absoluteEnd),
        timeText(this.#settings.absoluteTtl),
        timeText(record.life ?? idleTtl(this.#settings, maxAge)),
      ],
    );
    if (!Array.isArray(reply)) return undefined;
    const [deadline, end] = (reply as readonly RedisReply[]).map(String);
    const absoluteEnd = end === '' ? Infinity : Number(end);
    return { version: nonce, text, maxAge, deadline: Number(deadline), absoluteEnd, userKey };
  }

  /**
   * Stores what changed since `baseline`, which then is the state of the draft. Only top-level fields that differ are written
   * where others have written meanwhile: that takes a second round trip. The session's life is lengthened (or shortened) where
   * its own idle time changes, too.
   */
  update(
    handle: string,
    change: RecordChange,
    baseline: Baseline,
    nonce = newVersion(),
  ): Promise<WriteOutcome> {
    return this.#updates.update(handle, change, baseline, nonce);
  }

  /** As `update`, but only while nobody has written since `baseline`. */
  replace(
    handle: string,
    change: RecordChange,
    baseline: Baseline,
    nonce = newVersion(),
  ): Promise<ReplaceOutcome> {
    return this.#updates.replace(handle, change, baseline, nonce);
  }

  /** Lengthens the life of a session, and writes the new deadline into `baseline`. False = it is gone, or was rotated. */
  async touch(handle: string, baseline: Baseline): Promise<boolean> {
    const key = this.#keys.session(handle);
    const reply = await this.#connection.evaluate(TOUCH, [key], lifeArguments(this.#settings));
    if (reply === null) return false;
    baseline.deadline = Number(String(reply));
    return true;
  }

  /** Whether a session would gain a tenth of its life, or more, by being lengthened. */
  isTouchDue(baseline: Baseline): boolean {
    return isTouchDue(this.#settings, baseline, this.#connection.now());
  }

  /** When a session ends that is lengthened now, as far as this process knows: for indexes, which are written before it. */
  deadlineFor({ maxAge, absoluteEnd }: Pick<Baseline, 'maxAge' | 'absoluteEnd'>): number {
    return Math.min(this.#connection.now() + idleTtl(this.#settings, maxAge), absoluteEnd);
  }

  /** Ends a session, so that nothing brings it back, be it one that is stored only now. `undefined` = there was none. */
  async destroy(handle: string): Promise<EndedRecord | undefined> {
    const reply = await this.#connection.evaluate(DESTROY, [this.#keys.session(handle)], []);
    if (!Array.isArray(reply)) return undefined;
    const [userKey, rotatedTo] = (reply as readonly RedisReply[]).map(String);
    return { userKey: userKey || undefined, rotatedTo: rotatedTo || undefined };
  }

  /**
   * Makes of a session what its old id reads for a while: nothing is written to it any more. `changed` = it has another version
   * than expected, and nothing was done. The same again, to the same session, is done.
   */
  async freeze(handle: string, freezing: Freezing): Promise<'frozen' | 'changed' | 'gone'> {
    const { version, fields, to, grace } = freezing;
    const text = this.#sealer.seal(fieldsText(fields), handle, 'd');
    const args = [version, text, to, timeText(grace)];
    const reply = await this.#connection.evaluate(FREEZE, [this.#keys.session(handle)], args);
    if (reply === ANSWER.frozen) return 'frozen';
    return reply === ANSWER.changed ? 'changed' : 'gone';
  }

  /** Keeps a session that cannot be read under another key for an hour. False = something else stands there by now. */
  async putAside({ handle, version }: UnreadableRecord): Promise<boolean> {
    const keys = [this.#keys.session(handle), this.#keys.unreadable(handle)];
    return (await this.#connection.evaluate(PUT_ASIDE, keys, [version, UNREADABLE_LIFE])) === 1;
  }

  #reading(handle: string): RedisCommand {
    const key = this.#keys.session(handle);
    return { key, args: ['HGETALL', key] };
  }

  #recordOf(
    handle: string,
    reply: RedisReply | Error | undefined,
  ): SessionRecord | UnreadableRecord | undefined {
    if (reply instanceof Error) {
      if (reply.message.startsWith('WRONGTYPE')) return { handle, version: '', unreadable: true };
      throw reply;
    }
    const hash = reply as StoredHash;
    if (hash.length === 0) return undefined;
    const { absoluteTtl } = this.#settings;
    const record = readRecord(hash, { handle, sealer: this.#sealer, absoluteTtl });
    if (record === undefined || 'unreadable' in record) return record;
    return record.baseline.absoluteEnd <= this.#connection.now() ? undefined : record;
  }
}
