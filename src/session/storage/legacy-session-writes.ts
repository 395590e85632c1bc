import type { Clock } from '../../clock.js';
import type { RedisConnection, RedisReply } from '../../connection/connection.js';
import { defineScript } from '../../connection/script.js';
import { PayloadTooLargeError, RedisUnavailableError } from '../../errors.js';
import { changedSince } from '../record/changed-fields.js';
import { fieldsText, fieldTexts } from '../record/fields-text.js';
import { handleOf } from '../record/session-ids.js';
import { idleTtl, ownMaxAge } from '../record/session-life.js';
import type { Baseline, SessionDraft, SessionFields, SessionRecord } from '../record/session-record.js';
import { noteUnanswered } from '../record/unanswered-write.js';
import { legacyHash, type LegacySession, type LegacySessions } from './legacy-sessions.js';
import type { ResolvedSessionStorage } from './resolve-storage-options.js';
import type { WriteOutcome } from './session-storage.js';

/** What writes in the format of connect-redis go by. */
export interface LegacyWritesParts {
  readonly connection: RedisConnection;
  readonly settings: ResolvedSessionStorage;
  readonly clock: Clock;
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
/** Stands for a text that is not known. No text has this hash. */
const UNKNOWN = '-';

/**
 * Writes sessions in the format of connect-redis. What its processes write at the same time may be lost, and they may bring back
 * what was ended, as ever.
 */
export class LegacySessionWrites {
  readonly #parts: LegacyWritesParts;

  constructor(parts: LegacyWritesParts) {
    this.#parts = parts;
  }

  /** A session that was read, as the others are. */
  recordOf(id: string, { stored, fields, maxAge, left }: LegacySession): SessionRecord {
    const now = this.#parts.connection.now();
    return {
      handle: handleOf(id),
      fields,
      baseline: this.#baselineOf(id, stored, { fields, maxAge }, left),
      createdAt: now,
      lastSeenAt: now,
      absoluteEnd: undefined,
      userKey: undefined,
      device: undefined,
      frozen: false,
    };
  }

  /** Stores a new session. `undefined` = the id is taken. */
  async create(id: string, draft: SessionDraft): Promise<Baseline | undefined> {
    const { connection, legacy } = this.#parts;
    const { text, life } = this.#textOf(draft);
    const key = legacy.keyOf(id);
    const reply = await connection.request({ key, args: ['SET', key, text, 'NX', 'PX', String(life)] });
    return reply === null ? undefined : this.#baselineOf(id, text, draft, life);
  }

  async update(draft: SessionDraft, baseline: Baseline): Promise<Exclude<WriteOutcome, 'frozen'>> {
    const id = idOf(baseline);
    let { version } = baseline;
    let next = draft;
    for (let tries = 1; ; tries++) {
      const expected = tries > TRIES ? '' : hashOf(version);
      const others = await this.#replace(id, { draft, next, baseline }, expected);
      if (others === 'gone') return 'gone';
      if (others === 'stored') {
        // What others wrote is not in the draft: a later write has to look at it again.
        if (tries > 1) baseline.version = versionOf(UNKNOWN, id);
        return tries === 1 ? 'stored' : 'merged';
      }
      const { fields } = this.#parts.legacy.sessionIn([others, -1]) ?? { fields: {} };
      next = { fields: merged(fields, draft, baseline), maxAge: draft.maxAge };
      version = versionOf(legacyHash(others.toString()), id);
    }
  }

  /** Lengthens the life of a session. False = it is gone. */
  async touch(baseline: Baseline): Promise<boolean> {
    const { connection, legacy, settings } = this.#parts;
    const key = legacy.keyOf(idOf(baseline));
    const life = idleTtl(settings, baseline.maxAge);
    const reply = await connection.request({ key, args: ['PEXPIRE', key, String(life)] });
    if (reply !== 1) return false;
    baseline.deadline = connection.now() + life;
    return true;
  }

  /** Stores a session under a new id, and ends the old one. `undefined` = it is gone. */
  async rotate(
    id: string,
    to: string,
    draft: SessionDraft,
    baseline: Baseline | undefined,
  ): Promise<Baseline | undefined> {
    const { connection, legacy } = this.#parts;
    const old = legacy.sessionIn(await connection.pipeline(legacy.reads(id)));
    if (old === undefined) return undefined;
    const fields = baseline === undefined ? draft.fields : merged(old.fields, draft, baseline);
    const made = await this.create(to, { fields, maxAge: draft.maxAge });
    if (made === undefined || (await legacy.remove(id))) return made;
    await legacy.remove(to);
    return undefined;
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
      version: versionOf(legacyHash(stored), id),
      text: fieldsText(draft.fields),
      maxAge: ownMaxAge(settings, draft.maxAge),
      deadline: connection.now() + (left ?? idleTtl(settings, draft.maxAge)),
      absoluteEnd: Infinity,
      userKey: undefined,
    };
  }
}

/** Whether a state is that of a session in the format of connect-redis. Its keys hold ids, which no handle leads back to: versions do. */
export function isLegacy({ version }: Baseline): boolean {
  return version.includes(':');
}

function versionOf(hash: string, id: string): string {
  return `${hash}:${id}`;
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
