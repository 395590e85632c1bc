import { milliseconds, type Duration } from '../../duration.js';
import { InvalidOptionsError } from '../../errors.js';
import { escapePrefix, escapeSegment } from '../../key/escape.js';
import { flag, oneOf, optionalText, optionsObject, requireObject, wholeNumber } from '../../option.js';
import type { SessionFields } from '../record/session-record.js';

/** A key that seals what sessions hold. */
export interface ResolvedSessionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/** Where connect-redis keeps its sessions. */
export interface ResolvedLegacy {
  readonly prefix: string;
  readonly mode: 'move' | 'dual';
  /** The attributes of the cookie that sessions in that format are created with. */
  readonly cookie: Readonly<Record<string, unknown>>;
}

/** How sessions are stored: options, checked and complete. Times are in milliseconds. */
export interface ResolvedSessionStorage {
  /** In front of every key, escaped, without the colon behind it. */
  readonly prefix: string;
  /** `null` = until the browser ends. */
  readonly ttl: number | null;
  /** `Infinity` = no limit. */
  readonly absoluteTtl: number;
  readonly userId: ((fields: SessionFields) => string | undefined) | undefined;
  /** `Infinity` = no limit. */
  readonly maxPerUser: number;
  /** The first one seals; none = nothing is sealed. */
  readonly keys: readonly ResolvedSessionKey[];
  readonly maxBytes: number;
  readonly onGone: 'event' | 'error';
  /** `undefined` = what connect-redis has stored is none of ours. */
  readonly legacy: ResolvedLegacy | undefined;
  readonly allowEviction: boolean;
}

/** What depends on where the options stand. */
export interface SessionStorageDefaults {
  readonly prefix: string;
  /** The prefix of the caches, as it was given, with which that of sessions must not overlap; `undefined` = there are none. */
  readonly caches: string | undefined;
  /** The names of caches, as far as they are known: without a prefix, keys begin with these. */
  readonly names?: readonly string[];
}

/** The names of the options that `resolveSessionStorage` reads. */
export const STORAGE_OPTIONS = [
  'prefix',
  'ttl',
  'absoluteTtl',
  'userId',
  'maxPerUser',
  'encryption',
  'maxBytes',
  'onGone',
  'migrate',
  'allowEviction',
] as const;

/** 100 years: longer than any cookie lives, and within what Redis can add to its clock. */
const LONGEST = 36_500 * 86_400_000;
const DEFAULT_TTL = 14 * 86_400_000;
const MAX_BYTES = 64 * 1024;
const KEY_BYTES = 32;
const KEY_ID = /^[\w-]{1,32}$/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/**
 * Checks the options of a storage of sessions and fills in the defaults. Ignores options that are not among
 * `STORAGE_OPTIONS`. No error shows a key.
 *
 * @throws InvalidOptionsError naming the option below `path`, the rule and the value
 */
export function resolveSessionStorage(
  raw: unknown,
  path: string,
  defaults: SessionStorageDefaults,
): ResolvedSessionStorage {
  const options = requireObject(raw, path);
  const prefix = resolvePrefix(options['prefix'], `${path}.prefix`, defaults);
  const legacy = resolveMigrate(options['migrate'], `${path}.migrate`, prefix);
  if (legacy?.mode === 'dual') refuseInDual(options, path);
  return Object.freeze({
    prefix,
    ...resolveLife(options, path),
    ...resolveUser(options, path),
    keys: resolveKeys(options['encryption'], `${path}.encryption`),
    maxBytes: wholeNumber(options['maxBytes'], { path: `${path}.maxBytes`, from: 1, fallback: MAX_BYTES }),
    onGone: oneOf(options['onGone'], ['event', 'error'], `${path}.onGone`),
    legacy,
    allowEviction: flag(options['allowEviction'], `${path}.allowEviction`),
  });
}

function resolvePrefix(value: unknown, path: string, defaults: SessionStorageDefaults): string {
  const given = optionalText(value, path) ?? defaults.prefix;
  const escaped = escapePrefix(given);
  const met = startsOfCaches(defaults).find((start) => overlaps(`${escaped}:`, start));
  if (met === undefined) return escaped;
  const rule = `must not overlap with the keys of caches, which begin with ${JSON.stringify(met)}`;
  throw new InvalidOptionsError(path, rule, given);
}

function startsOfCaches({ caches, names = [] }: SessionStorageDefaults): string[] {
  if (caches === undefined) return [];
  if (caches !== '') return [`${escapePrefix(caches)}:`];
  // With a version, which may change, an @ follows the name.
  return names.map(escapeSegment).flatMap((name) => [`${name}:`, `${name}@`]);
}

function overlaps(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

function resolveLife(
  options: Readonly<Record<string, unknown>>,
  path: string,
): Pick<ResolvedSessionStorage, 'ttl' | 'absoluteTtl'> {
  const { ttl, absoluteTtl } = options;
  const end = absoluteTtl === undefined ? Infinity : length(absoluteTtl, `${path}.absoluteTtl`);
  if (ttl === undefined) return { ttl: Math.min(DEFAULT_TTL, end), absoluteTtl: end };
  if (ttl === null) return { ttl, absoluteTtl: end };
  const idle = length(ttl, `${path}.ttl`, ', or null for the time of the browser');
  if (idle > end) {
    throw new InvalidOptionsError(`${path}.absoluteTtl`, 'must not be shorter than ttl', absoluteTtl);
  }
  return { ttl: idle, absoluteTtl: end };
}

function length(value: unknown, path: string, more = ''): number {
  const given = milliseconds(value as Duration, path);
  if (given >= 1 && given <= LONGEST) return given;
  throw new InvalidOptionsError(path, `must be longer than 0, and 100 years at most${more}`, value);
}

function resolveUser(
  { userId, maxPerUser }: Readonly<Record<string, unknown>>,
  path: string,
): Pick<ResolvedSessionStorage, 'userId' | 'maxPerUser'> {
  if (userId !== undefined && typeof userId !== 'function') {
    throw new InvalidOptionsError(`${path}.userId`, 'must be a function of the fields of a session', userId);
  }
  if (maxPerUser !== undefined && userId === undefined) {
    throw new InvalidOptionsError(`${path}.maxPerUser`, 'needs userId, which says whose a session is');
  }
  const most = { path: `${path}.maxPerUser`, from: 1, fallback: Infinity };
  return { userId: userId as ResolvedSessionStorage['userId'], maxPerUser: wholeNumber(maxPerUser, most) };
}

function resolveKeys(raw: unknown, path: string): readonly ResolvedSessionKey[] {
  if (raw === undefined) return Object.freeze([]);
  const { keys } = optionsObject(raw, path, ['keys']);
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new InvalidOptionsError(`${path}.keys`, 'must be a list of keys that is not empty');
  }
  const resolved = keys.map((one: unknown, at) => resolveKey(one, `${path}.keys[${at}]`));
  const twice = resolved.findIndex(({ id }, at) => resolved.findIndex((one) => one.id === id) < at);
  if (twice < 0) return Object.freeze(resolved);
  throw new InvalidOptionsError(`${path}.keys[${twice}].id`, 'is the id of another key', resolved[twice]?.id);
}

function resolveKey(raw: unknown, path: string): ResolvedSessionKey {
  if (typeof raw !== 'object' || raw === null || Buffer.isBuffer(raw)) {
    throw new InvalidOptionsError(path, 'must be an object with id and key');
  }
  const { id, key } = optionsObject(raw, path, ['id', 'key']);
  if (typeof id !== 'string' || !KEY_ID.test(id)) {
    throw new InvalidOptionsError(`${path}.id`, "must be 1 to 32 letters, digits, '-' and '_'");
  }
  const bytes = keyBytes(key);
  if (bytes?.length === KEY_BYTES) return Object.freeze({ id, key: bytes });
  const found = bytes === undefined ? typeof key : `${bytes.length} bytes`;
  throw new InvalidOptionsError(`${path}.key`, `must be 32 bytes, as a Buffer or in base64, not ${found}`);
}

function keyBytes(key: unknown): Buffer | undefined {
  if (key instanceof Uint8Array) return Buffer.from(key);
  return typeof key === 'string' && BASE64.test(key) ? Buffer.from(key, 'base64') : undefined;
}

function resolveMigrate(raw: unknown, path: string, prefix: string): ResolvedLegacy | undefined {
  if (raw === undefined) return undefined;
  if (typeof raw === 'string' && raw !== 'dual') {
    throw new InvalidOptionsError(path, "must be 'dual' or an object with prefix and mode", raw);
  }
  const options = raw === 'dual' ? { mode: raw } : optionsObject(raw, path, ['prefix', 'mode']);
  const legacy = optionalText(options['prefix'], `${path}.prefix`) ?? 'sess:';
  if (overlaps(legacy, `${prefix}:`)) {
    throw new InvalidOptionsError(`${path}.prefix`, 'must not overlap with that of the sessions', legacy);
  }
  const mode = oneOf(options['mode'], ['move', 'dual'], `${path}.mode`);
  return Object.freeze({ prefix: legacy, mode, cookie: Object.freeze({ path: '/', httpOnly: true }) });
}

/** What the format of connect-redis has no place for. */
const NOT_IN_DUAL = ['userId', 'maxPerUser', 'absoluteTtl', 'encryption'] as const;

function refuseInDual(options: Readonly<Record<string, unknown>>, path: string): void {
  const found = NOT_IN_DUAL.find((one) => options[one] !== undefined);
  if (found === undefined) return;
  const rule = "goes not with migrate: 'dual', since the format of connect-redis has no place for it";
  throw new InvalidOptionsError(`${path}.${found}`, rule);
}
