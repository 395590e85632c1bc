import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.js';
import type { RedisConnection, RedisReply } from '../../connection/connection.js';
import { defineScript } from '../../connection/script.js';
import { InvalidOptionsError, PayloadTooLargeError, RedisUnavailableError } from '../../errors.js';
import { changedSince } from '../record/changed-fields.js';
import { fieldsText, fieldTexts } from '../record/fields-text.js';
import { handleOf, userKeyOf } from '../record/session-ids.js';
import { idleTtl, isTouchDue, ownMaxAge } from '../record/session-life.js';
import type { Baseline, SessionDraft, SessionFields, SessionRecord } from '../record/session-record.js';
import { noteUnanswered } from '../record/unanswered-write.js';
import type { LegacySessions } from './legacy-sessions.js';
import type { ManagedSessionStorage } from './managed-session-storage.js';
import type { ResolvedSessionStorage } from './resolve-storage-options.js';
import type { SessionEvent } from './session-event.js';
import type { EndReason, LoginAttempt, ReplaceOutcome, WriteOutcome } from './session-storage.js';

/** What a storage in the format of connect-redis is made of. */
export interface DualSessionsParts {
  readonly connection: RedisConnection;
  readonly settings: ResolvedSessionStorage;
  readonly clock: Clock;
  readonly report: (event: SessionEvent) => void;
  readonly legacy: LegacySessions;
}

/**
 * Replaces a text that is as it was read. ARGV: its SHA-1 (empty = whatever it is), the new one, for how long. Answers 1, 0 where
 * there is none any more, or what stands there instead.
 */
const REPLACE = defineScript(`
local text = redis.call('GET', KEYS[1])
if not text then return 0 end
if ARGV[1] ~= '' and redis.sha1hex(text) ~= ARGV[1] then return text end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`);

const TRIES = 8;

/**
 * Sessions in the format of connect-redis, for as long as processes run that know no other: what those write at the same time may
 * be lost, and they may bring back what was ended, as ever. There are no indexes, so nothing is known of users.
 */
export class RedisDualSessions implements ManagedSessionStorage {
  readonly #parts: DualSessionsParts;

  constructor(parts: DualSessionsParts) {
    this.#parts = parts;
  }

  start(): void {}

  async close(): Promise<void> {}

  async read(id: string): Promise<SessionRecord | undefined> {
    const { connection, legacy } = this.#parts;
    const replies = await connection.pipeline(legacy.reads(id));
    const found = legacy.sessionIn(replies);
    if (found === undefined) return undefined;
    const { fields, maxAge, left } = found;
    const baseline = this.#baselineOf(id, String(replies[0]), { fields, maxAge }, left);
    return {
      handle: handleOf(id),
      fields,
      baseline,
      createdAt: connection.now(),
      lastSeenAt: connection.now(),
      absoluteEnd: undefined,
      userKey: undefined,
      device: undefined,
      frozen: false,
    };
  }

  async create(id: string, draft: SessionDraft): Promise<Baseline | undefined> {
    const baseline = await this.#add(id, draft);
    if (baseline !== undefined) this.#parts.report({ type: 'created', handle: handleOf(id) });
    return baseline;
  }

  async update(handle: string, draft: SessionDraft, baseline: Baseline): Promise<WriteOutcome> {
    const id = idOf(baseline);
    let { version } = baseline;
    let next = draft;
    for (let tries = 1; ; tries++) {
      const expected = tries > TRIES ? '' : hashOf(version);
      const others = await this.#replace(id, { draft, next, baseline }, expected);
      if (others === 'gone') {
        this.#parts.report({ type: 'dropped', handle, reason: 'gone' });
        return 'gone';
      }
      if (others === 'stored') {
        // What others wrote is not in the draft: a later write has to look at it again.
        if (tries > 1) baseline.version = versionOf('', id);
        return tries === 1 ? 'stored' : 'merged';
      }
      const { fields } = this.#parts.legacy.sessionIn([others, -1]) ?? { fields: {} };
      next = { fields: merged(fields, draft, baseline), maxAge: draft.maxAge };
      version = versionOf(others.toString(), id);
    }
  }

  async replace(handle: string, draft: SessionDraft, baseline: Baseline): Promise<ReplaceOutcome> {
    const expected = hashOf(baseline.version);
    const outcome = await this.#replace(idOf(baseline), { draft, next: draft, baseline }, expected);
    if (outcome === 'gone') this.#parts.report({ type: 'dropped', handle, reason: 'gone' });
    return Buffer.isBuffer(outcome) ? 'changed' : outcome;
  }

  async touch(_handle: string, baseline: Baseline): Promise<boolean> {
    const { connection, legacy, settings } = this.#parts;
    const key = legacy.keyOf(idOf(baseline));
    const life = idleTtl(settings, baseline.maxAge);
    const reply = await connection.request({ key, args: ['PEXPIRE', key, String(life)] });
    if (reply !== 1) return false;
    baseline.deadline = connection.now() + life;
    return true;
  }

  isTouchDue(baseline: Baseline): boolean {
    return isTouchDue(this.#parts.settings, baseline, this.#parts.connection.now());
  }

  async destroy(id: string, reason: EndReason): Promise<boolean> {
    const { legacy, report } = this.#parts;
    const ended = await legacy.remove(id);
    const handle = handleOf(id);
    if (ended)
      report(
        reason === 'logout' ? { type: 'destroyed', handle, reason } : { type: 'revoked', handle, reason },
      );
    return ended;
  }

  /** Gives a session a new id. The old one reads nothing any more: the format has no place for what it was rotated to. */
  async rotate(
    id: string,
    to: string,
    draft: SessionDraft,
    _grace: number,
    _login?: LoginAttempt,
    baseline?: Baseline,
  ): Promise<Baseline | undefined> {
    const old = await this.read(id);
    if (old === undefined) return undefined;
    const fields = baseline === undefined ? draft.fields : merged(old.fields, draft, baseline);
    const made = await this.#add(to, { fields, maxAge: draft.maxAge });
    if (made === undefined) return undefined;
    if (await this.#parts.legacy.remove(id)) {
      this.#parts.report({ type: 'rotated', handle: handleOf(id), to: handleOf(to) });
      return made;
    }
    await this.#parts.legacy.remove(to);
    return undefined;
  }

  userKeyOf(userId: string): string {
    return userKeyOf(userId);
  }

  async count(userKey?: string): Promise<number> {
    if (userKey !== undefined) return refuse();
    let count = 0;
    for await (const _ of this.handles()) count++;
    return count;
  }

  async *handles(): AsyncGenerator<string, void, undefined> {
    const { connection, legacy } = this.#parts;
    for await (const batch of connection.scan(legacy.everything)) {
      for (const key of batch) yield handleOf(legacy.idIn(String(key)));
    }
  }

  async clear(): Promise<void> {
    const { connection, legacy } = this.#parts;
    for await (const batch of connection.scan(legacy.everything)) {
      await connection.pipeline(batch.map((key) => ({ key, args: ['UNLINK', key] })));
    }
  }

  async readHandle(): Promise<never> {
    return refuse();
  }

  async destroyHandle(): Promise<never> {
    return refuse();
  }

  async list(): Promise<never> {
    return refuse();
  }

  async endAll(): Promise<never> {
    return refuse();
  }

  async beginLogin(): Promise<never> {
    return refuse();
  }

  async #add(id: string, draft: SessionDraft): Promise<Baseline | undefined> {
    const { connection, legacy } = this.#parts;
    const { text, life } = this.#textOf(draft);
    const key = legacy.keyOf(id);
    const reply = await connection.request({ key, args: ['SET', key, text, 'NX', 'PX', String(life)] });
    return reply === null ? undefined : this.#baselineOf(id, text, draft, life);
  }

  /** Stores `next` where a text is as expected, and makes of the baseline the draft. Answers what stands there instead. */
  async #replace(
    id: string,
    { draft, next, baseline }: { draft: SessionDraft; next: SessionDraft; baseline: Baseline },
    expected: string,
  ): Promise<'stored' | 'gone' | Buffer> {
    const { connection, legacy, settings } = this.#parts;
    const { text, life } = this.#textOf(next);
    let reply: RedisReply;
    try {
      reply = await connection.evaluate(REPLACE, [legacy.keyOf(id)], [expected, text, String(life)]);
    } catch (error) {
      if (error instanceof RedisUnavailableError) {
        const texts = draft.texts ?? fieldTexts(draft.fields);
        noteUnanswered(baseline, { texts, maxAge: ownMaxAge(settings, draft.maxAge), userKey: undefined });
      }
      throw error;
    }
    if (reply === 0) return 'gone';
    if (Buffer.isBuffer(reply)) return reply;
    Object.assign(baseline, this.#baselineOf(id, text, draft, life), { unsure: undefined });
    return 'stored';
  }

  #textOf(draft: SessionDraft): { text: string; life: number } {
    const { settings, clock, legacy } = this.#parts;
    const life = Math.max(1, idleTtl(settings, draft.maxAge));
    const text = legacy.textOf(draft, clock.now() + life);
    const bytes = Buffer.byteLength(text);
    if (bytes > settings.maxBytes) throw new PayloadTooLargeError(bytes, settings.maxBytes);
    return { text, life };
  }

  #baselineOf(id: string, stored: string, draft: SessionDraft, left: number | undefined): Baseline {
    const { connection, settings } = this.#parts;
    return {
      version: versionOf(stored, id),
      text: fieldsText(draft.fields),
      maxAge: ownMaxAge(settings, draft.maxAge),
      deadline: connection.now() + (left ?? idleTtl(settings, draft.maxAge)),
      absoluteEnd: Infinity,
      userKey: undefined,
    };
  }
}

/** The keys hold ids, which no handle leads back to: a version says which one it is of. */
function versionOf(stored: string, id: string): string {
  return `${createHash('sha1').update(stored).digest('hex')}:${id}`;
}

function hashOf(version: string): string {
  return version.slice(0, version.indexOf(':'));
}

function idOf({ version }: Baseline): string {
  return version.slice(version.indexOf(':') + 1);
}

/** What others have stored, with what a draft changes of what it was made from. */
function merged(others: SessionFields, draft: SessionDraft, baseline: Baseline): SessionFields {
  const fields: Record<string, unknown> = { ...others };
  for (const [name, text] of changedSince(baseline, draft.texts ?? fieldTexts(draft.fields))) {
    if (text === '') Reflect.deleteProperty(fields, name);
    else fields[name] = draft.fields[name];
  }
  return fields;
}

function refuse(): never {
  const rule = "'dual' keeps sessions in the format of connect-redis, which are found by their ids only";
  throw new InvalidOptionsError('session.migrate', rule);
}
