import { createHash } from 'node:crypto';
import type { RedisCommand, RedisConnection, RedisReply } from '../../connection/connection.js';
import { defineScript } from '../../connection/script.js';
import { escapeGlob } from '../../key/escape.js';
import { fieldsText, parseFields } from '../record/fields-text.js';
import { ownIdleTime } from '../record/idle-time.js';
import type { SessionDraft, SessionFields } from '../record/session-record.js';
import type { ResolvedLegacy } from './resolve-storage-options.js';

/** A session as connect-redis has stored it. */
export interface LegacySession extends SessionDraft {
  /** All of it, as it was read. */
  readonly stored: string;
  /** What it has left to live, in milliseconds; `undefined` = it does not expire. */
  readonly left: number | undefined;
}

/** Removes a text that is as it was read. ARGV: its SHA-1. Answers 1, 0 where there is none, or what stands there instead. */
const REMOVE = defineScript(`
local text = redis.call('GET', KEYS[1])
if not text then return 0 end
if redis.sha1hex(text) ~= ARGV[1] then return text end
redis.call('DEL', KEYS[1])
return 1
`);

/** The keys of connect-redis: one for each session, its id behind a prefix, with all that it holds as one JSON text. */
export class LegacySessions {
  /** A glob that all of them match. */
  readonly everything: string;
  readonly #connection: RedisConnection;
  readonly #legacy: ResolvedLegacy;
  readonly #ttl: number | null;

  /** `ttl` = the idle time that the options say. */
  constructor(connection: RedisConnection, legacy: ResolvedLegacy, ttl: number | null) {
    this.#connection = connection;
    this.#legacy = legacy;
    this.#ttl = ttl;
    this.everything = `${escapeGlob(legacy.prefix)}*`;
  }

  keyOf(id: string): string {
    return this.#legacy.prefix + id;
  }

  idIn(key: string): string {
    return key.slice(this.#legacy.prefix.length);
  }

  /** The commands whose replies `sessionIn` reads. */
  reads(id: string): readonly [RedisCommand, RedisCommand] {
    const key = this.keyOf(id);
    return [
      { key, args: ['GET', key] },
      { key, args: ['PTTL', key] },
    ];
  }

  /** The session that was read. `undefined` = there is none, or it is of another form. Throws other errors of the server. */
  sessionIn([value, pttl]: readonly (RedisReply | Error | undefined)[]): LegacySession | undefined {
    if (value instanceof Error && !value.message.startsWith('WRONGTYPE')) throw value;
    if (!Buffer.isBuffer(value) || pttl === -2) return undefined;
    const stored = value.toString();
    const found = parsed(stored);
    if (found === undefined) return undefined;
    const { cookie, ...fields } = found;
    const left = Number(pttl) < 0 ? undefined : Number(pttl);
    return { stored, fields, maxAge: this.#maxAgeOf(cookie), left };
  }

  /** A session as connect-redis would store it. `expires` = when it ends, by the clock of this machine. */
  textOf({ fields, maxAge }: SessionDraft, expires: number): string {
    const age = maxAge === undefined ? this.#ttl : maxAge;
    const end = age === null ? null : new Date(expires).toISOString();
    const cookie = { ...this.#legacy.cookie, originalMaxAge: age, expires: end };
    const text = fieldsText(fields);
    return `{"cookie":${JSON.stringify(cookie)}${text === '{}' ? '}' : `,${text.slice(1)}`}`;
  }

  /** Ends a session. False = there was none. */
  async remove(id: string): Promise<boolean> {
    const key = this.keyOf(id);
    return (await this.#connection.request({ key, args: ['UNLINK', key] })) === 1;
  }

  /** Ends a session that is still as it was read. Gives what others have written instead, `undefined` = there is none any more. */
  async removeAsRead(id: string, { stored }: LegacySession): Promise<LegacySession | undefined> {
    const reply = await this.#connection.evaluate(REMOVE, [this.keyOf(id)], [legacyHash(stored)]);
    return this.sessionIn([reply, -1]);
  }

  #maxAgeOf(cookie: unknown): number | null | undefined {
    if (typeof cookie !== 'object' || cookie === null) return undefined;
    const { originalMaxAge: said } = cookie as { readonly originalMaxAge?: unknown };
    return said === null || (typeof said === 'number' && said > 0) ? ownIdleTime(said, this.#ttl) : undefined;
  }
}

/** What tells one stored text from another. */
export function legacyHash(stored: string): string {
  return createHash('sha1').update(stored).digest('hex');
}

function parsed(text: string): SessionFields | undefined {
  try {
    return parseFields(text);
  } catch {
    return undefined;
  }
}
