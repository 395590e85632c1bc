import type { RedisArgument, RedisConnection, RedisReply, RedisScript } from '../../connection/connection.js';
import { PayloadTooLargeError, RedisUnavailableError } from '../../errors.js';
import { changedSince } from '../record/changed-fields.js';
import { fieldTexts, joinTexts } from '../record/fields-text.js';
import type { Sealer } from '../record/sealing.js';
import { maxAgeText } from '../record/session-header.js';
import { ownMaxAge } from '../record/session-life.js';
import type { Baseline, SessionDraft } from '../record/session-record.js';
import { patchName } from '../record/stored-record.js';
import { noteUnanswered } from '../record/unanswered-write.js';
import { lifeArguments, sealFields, type RecordSettings } from './record-arguments.js';
import { ANSWER, MERGE, REPLACE } from './redis-session-scripts.js';
import type { SessionKeys } from './session-keys.js';
import type { ReplaceOutcome, WriteOutcome } from './session-storage.js';

/** A change to a record. */
export interface RecordChange {
  readonly draft: SessionDraft;
  /** What stands for its user by now. It is stored where it differs from that of the baseline. */
  readonly userKey: string | undefined;
  /** Whether to lengthen its life even where its own idle time stays. */
  readonly lengthen: boolean;
}

/** A change as it is sent. */
interface RecordWrite {
  readonly handle: string;
  readonly baseline: Baseline;
  readonly nonce: string;
  readonly texts: ReadonlyMap<string, string>;
  readonly maxAge: number | null | undefined;
  readonly userKey: string | undefined;
  /** What both scripts take first. */
  readonly args: readonly string[];
}

/** What came of an attempt. `changedAt`: others have written, as it turned out at that time by the clock of Redis. */
type Attempt = { readonly outcome: WriteOutcome } | { readonly changedAt: number };

/** How often a write begins anew because it reached Redis too late. */
const TRIES = 3;
/** What stands for a value that stays as it is. */
const SAME = '=';

/**
 * Changes to sessions that exist. A session is replaced as a whole, in one round trip, while nobody else has written to it; only
 * what differs from its baseline is added to what others have written, in a second one.
 *
 * A write that is not answered may be done or not: the baseline notes what it may have changed. It is not done any more once its
 * caller has been told so, and others have written since.
 */
export class RedisRecordUpdates {
  readonly #connection: RedisConnection;
  readonly #settings: RecordSettings;
  readonly #sealer: Sealer;
  readonly #keys: SessionKeys;

  constructor(connection: RedisConnection, settings: RecordSettings, sealer: Sealer, keys: SessionKeys) {
    this.#connection = connection;
    this.#settings = settings;
    this.#sealer = sealer;
    this.#keys = keys;
  }

  /** Stores a draft if nobody has written since `baseline`, which then is its state. */
  async replace(
    handle: string,
    change: RecordChange,
    baseline: Baseline,
    nonce: string,
  ): Promise<ReplaceOutcome> {
    const attempt = await this.#replace(this.#writeOf(handle, change, baseline, nonce));
    if ('changedAt' in attempt) return 'changed';
    return attempt.outcome === 'merged' ? 'stored' : attempt.outcome;
  }

  /** Stores what changed since `baseline`, which then is the state of the draft. */
  async update(
    handle: string,
    change: RecordChange,
    baseline: Baseline,
    nonce: string,
  ): Promise<WriteOutcome> {
    const write = this.#writeOf(handle, change, baseline, nonce);
    const { deadline, name } = this.#connection;
    for (let tries = 0; tries < TRIES; tries++) {
      const attempt = await this.#replace(write);
      if ('outcome' in attempt) return attempt.outcome;
      const outcome = await this.#merge(write, attempt.changedAt + deadline);
      if (outcome !== 'late') return outcome;
    }
    throw new RedisUnavailableError(name, `what is sent takes longer than ${deadline} ms`);
  }

  #writeOf(handle: string, change: RecordChange, baseline: Baseline, nonce: string): RecordWrite {
    const { draft, userKey } = change;
    const maxAge = ownMaxAge(this.#settings, draft.maxAge);
    const { unsure } = baseline;
    const keepsAge = maxAge === baseline.maxAge && unsure?.maxAge !== true;
    const keepsUser = userKey === baseline.userKey && !unsure?.userKeys.size;
    const args = [
      nonce,
      ...lifeArguments(this.#settings),
      change.lengthen || !keepsAge ? '1' : '',
      keepsAge ? SAME : maxAgeText(maxAge),
      keepsUser ? SAME : (userKey ?? ''),
    ];
    return { handle, baseline, nonce, texts: draft.texts ?? fieldTexts(draft.fields), maxAge, userKey, args };
  }

  async #replace(write: RecordWrite): Promise<Attempt> {
    const { maxBytes } = this.#settings;
    const text = joinTexts(write.texts);
    const sealed = sealFields(text, write.handle, { sealer: this.#sealer, maxBytes });
    const reply = await this.#send(REPLACE, write, [...write.args, write.baseline.version, sealed]);
    if (reply[0] === ANSWER.changed) return { changedAt: Number(String(reply[1])) };
    return { outcome: this.#outcomeOf(reply, write, text) };
  }

  async #merge(write: RecordWrite, until: number): Promise<WriteOutcome | 'late'> {
    const args: RedisArgument[] = [...write.args, String(this.#settings.maxBytes), String(until)];
    for (const [field, text] of changedSince(write.baseline, write.texts)) {
      const name = patchName(field);
      args.push(name, text === '' ? '' : this.#sealer.seal(text, write.handle, name));
    }
    const reply = await this.#send(MERGE, write, args);
    if (reply[0] === ANSWER.late) return 'late';
    return this.#outcomeOf(reply, write, joinTexts(write.texts));
  }

  async #send(
    script: RedisScript,
    write: RecordWrite,
    args: readonly RedisArgument[],
  ): Promise<readonly RedisReply[]> {
    try {
      const reply = await this.#connection.evaluate(script, [this.#keys.session(write.handle)], args);
      return reply as readonly RedisReply[];
    } catch (error) {
      // An error of the server means that nothing was done.
      if (error instanceof RedisUnavailableError) noteUnanswered(write.baseline, write);
      throw error;
    }
  }

  #outcomeOf([answer, detail]: readonly RedisReply[], write: RecordWrite, text: string): WriteOutcome {
    const { baseline, nonce, maxAge, userKey } = write;
    if (answer === ANSWER.gone) return 'gone';
    if (answer === ANSWER.frozen) return 'frozen';
    if (answer === ANSWER.tooLarge) throw new PayloadTooLargeError(Number(detail), this.#settings.maxBytes);
    const outcome = answer === ANSWER.stored ? 'stored' : 'merged';
    // What others wrote is not in the draft: to replace the whole by it later would lose that, though nobody wrote since.
    const version = outcome === 'stored' ? nonce : '';
    const deadline = Number(String(detail));
    Object.assign(baseline, { version, text, maxAge, deadline, userKey, unsure: undefined });
    return outcome;
  }
}
