import type { EncodedValue } from './codec.js';
import { PLAIN_JSON_FLAGS } from './flags.js';
import { GENERATION_LENGTH } from './generation.js';
import { timestampAt, timestampOf } from './timestamp.js';

/*
 * The bytes of an entry. This is the only file that knows them (scripts on the server take its constants):
 *
 *   0  `~`                    never the first byte of JSON text: another program's value is not mistaken for an entry
 *   1  `2`                    the format
 *   2  flags                  0x30 + flags, a printable character
 *   3  created                7 characters of timestamp.ts
 *  10  expires                7 of them: from when on it is stale
 *  17  count                  0x20 + how many generations follow, 1–35; 0x30 more when there are tags
 *  18  generations            count × 11 characters, the outermost first
 *      tags                   only if there are some: the length of the list in bytes (4 hexadecimal digits), then for each
 *                             its version (11 characters), the length of its name in bytes (3 digits), its name
 *      payload                up to the end
 *
 * The header is text, so that an entry whose payload is text is one string on its way to Redis. A field that is added
 * later means a new format character: readers of this format then find no entry, and never a wrong one.
 */

const CREATED_AT = 3;
const MARK = 0x7e;
const FORMAT = 0x32;
const FLAG_BASE = 0x30;
const NAME_LENGTH_DIGITS = 3;
const NO_TAGS: readonly TagVersion[] = Object.freeze([]);

/** The first characters of every entry: a mark and the format. */
export const ENTRY_MAGIC = '~2';
/** Where the flags character stands, counted from 0. */
export const FLAGS_AT = 2;
/** Where the time stands from which on the entry is stale. */
export const EXPIRES_AT = 10;
/** Where the character stands that counts the generations and says whether there are tags. */
export const COUNT_AT = 17;
/** Where the generations begin, counted from 0. */
export const GENERATIONS_AT = 18;
/** The most generations an entry can carry. */
export const MAX_GENERATIONS = 35;
/** How many hexadecimal digits tell the length of the list of tags. */
export const TAGS_LENGTH_DIGITS = 4;
/** The code of the count before it counts any. */
export const COUNT_BASE = 0x20;
/** From this code on, the count says that there are tags. */
export const TAGGED_FROM = 0x50;
/** The most bytes of UTF-8 that the name of a tag can have. */
const MAX_TAG_BYTES = 0xfff;
/** The most bytes that all tags of an entry can take together, 14 and the name for each. */
const MAX_TAGS_BYTES = 0xffff;
/** The flags character of a payload that is bare JSON text. */
export const PLAIN_JSON_FLAG_CHAR = flagCharacter(PLAIN_JSON_FLAGS);

/** A tag, and the version of it that an entry was made under. */
export interface TagVersion {
  readonly tag: string;
  /** 11 ASCII characters; compared by equality. */
  readonly version: string;
}

/** What stands in the header of an entry beside its flags. */
export interface EntryFacts {
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch; `null` = it never becomes stale. */
  readonly expiresAt: number | null;
  /** 1–35 generations, put together without a separator. */
  readonly generations: string;
  readonly tags: readonly TagVersion[];
}

/** What the header of an entry says. */
export interface OpenedEntry {
  readonly flags: number;
  readonly createdAt: number;
  /** `null` = it never becomes stale. */
  readonly expiresAt: number | null;
  readonly tags: readonly TagVersion[];
  /** Where the payload begins; the length of the bytes if there are only those of the header. */
  readonly payloadStart: number;
}

/** The length of the header of an entry with `generations` generations and without tags, in bytes. */
export function headerLength(generations: number): number {
  return GENERATIONS_AT + generations * GENERATION_LENGTH;
}

/**
 * The bytes of an entry; a string (the header, then the text) when the payload is one.
 *
 * @throws RangeError for generations or tags that a header cannot hold
 */
export function sealEntry(encoded: EncodedValue, facts: EntryFacts): string | Buffer {
  const header = headerOf(encoded.flags, facts);
  if (typeof encoded.payload === 'string') return header + encoded.payload;
  const length = Buffer.byteLength(header);
  const bytes = Buffer.allocUnsafe(length + encoded.payload.length);
  bytes.write(header);
  encoded.payload.copy(bytes, length);
  return bytes;
}

let lastTimes = { createdAt: -1, expiresAt: -1 as number | null, text: '' };

function headerOf(flags: number, { createdAt, expiresAt, generations, tags }: EntryFacts): string {
  const count = generations.length / GENERATION_LENGTH;
  if (!Number.isInteger(count) || count < 1 || count > MAX_GENERATIONS) {
    throw new RangeError(
      `An entry carries 1–${MAX_GENERATIONS} generations of ${GENERATION_LENGTH} characters.`,
    );
  }
  // Entries that are written in one millisecond share the text.
  if (lastTimes.createdAt !== createdAt || lastTimes.expiresAt !== expiresAt) {
    lastTimes = { createdAt, expiresAt, text: timestampOf(createdAt) + timestampOf(expiresAt) };
  }
  const start = ENTRY_MAGIC + flagCharacter(flags) + lastTimes.text;
  if (tags.length === 0) return start + String.fromCharCode(COUNT_BASE + count) + generations;
  return start + String.fromCharCode(TAGGED_FROM + count) + generations + tagList(tags);
}

function tagList(tags: readonly TagVersion[]): string {
  let list = '';
  let bytes = 0;
  for (const { tag, version } of tags) {
    const length = Buffer.byteLength(tag);
    if (length > MAX_TAG_BYTES) throw new RangeError(`A tag has at most ${MAX_TAG_BYTES} bytes.`);
    bytes += GENERATION_LENGTH + NAME_LENGTH_DIGITS + length;
    list += version + hexadecimal(length, NAME_LENGTH_DIGITS) + tag;
  }
  if (bytes > MAX_TAGS_BYTES) {
    throw new RangeError(`The tags of an entry take at most ${MAX_TAGS_BYTES} bytes together.`);
  }
  return hexadecimal(bytes, TAGS_LENGTH_DIGITS) + list;
}

/** The length of a header, told from its beginning; `undefined` where too little of it is there, or it is no header. */
export function headerLengthOf(bytes: Buffer): number | undefined {
  if (bytes.length < GENERATIONS_AT || bytes[0] !== MARK || bytes[1] !== FORMAT) return undefined;
  const code = bytes[COUNT_AT] as number;
  const count = countOf(code);
  if (count < 1 || count > MAX_GENERATIONS) return undefined;
  const end = headerLength(count);
  if (code < TAGGED_FROM) return end;
  const length = numberAt(bytes, end, TAGS_LENGTH_DIGITS);
  return Number.isNaN(length) ? undefined : end + TAGS_LENGTH_DIGITS + length;
}

/**
 * Reads the header of an entry; the bytes may end with the header. `undefined` for everything that is no whole header of
 * this format. Never throws.
 */
export function openEntry(bytes: Buffer): OpenedEntry | undefined {
  if (bytes.length < GENERATIONS_AT || bytes[0] !== MARK || bytes[1] !== FORMAT) return undefined;
  const flags = (bytes[FLAGS_AT] as number) - FLAG_BASE;
  const createdAt = timestampAt(bytes, CREATED_AT);
  const expiresAt = timestampAt(bytes, EXPIRES_AT);
  const code = bytes[COUNT_AT] as number;
  const count = countOf(code);
  const end = headerLength(count);
  if (flags < 0 || flags > 63 || typeof createdAt !== 'number' || expiresAt === undefined) return undefined;
  if (count < 1 || count > MAX_GENERATIONS || bytes.length < end) return undefined;
  if (code < TAGGED_FROM) return { flags, createdAt, expiresAt, tags: NO_TAGS, payloadStart: end };
  const list = tagsAt(bytes, end);
  return list && { flags, createdAt, expiresAt, tags: list.tags, payloadStart: list.end };
}

/**
 * Whether an entry carries exactly these generations (put together as for `sealEntry`). False for bytes that are too
 * short; `openEntry` must have found an entry in them.
 */
export function hasGenerations(bytes: Buffer, expected: string): boolean {
  const length = expected.length;
  if (countOf(bytes[COUNT_AT] ?? 0) * GENERATION_LENGTH !== length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[GENERATIONS_AT + i] !== expected.charCodeAt(i)) return false;
  }
  return true;
}

/** How many generations follow, given the character that counts them. */
function countOf(code: number): number {
  return code < TAGGED_FROM ? code - COUNT_BASE : code - TAGGED_FROM;
}

function tagsAt(
  bytes: Buffer,
  start: number,
): { readonly tags: readonly TagVersion[]; readonly end: number } | undefined {
  const length = numberAt(bytes, start, TAGS_LENGTH_DIGITS);
  let at = start + TAGS_LENGTH_DIGITS;
  const end = at + length;
  if (!(length > 0 && bytes.length >= end)) return undefined;
  const tags: TagVersion[] = [];
  while (at < end) {
    const nameAt = at + GENERATION_LENGTH + NAME_LENGTH_DIGITS;
    const next = nameAt + numberAt(bytes, at + GENERATION_LENGTH, NAME_LENGTH_DIGITS);
    if (!(next >= nameAt && next <= end)) return undefined;
    const version = bytes.toString('latin1', at, at + GENERATION_LENGTH);
    tags.push({ tag: bytes.toString('utf8', nameAt, next), version });
    at = next;
  }
  return { tags, end };
}

function hexadecimal(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** NaN where there are no such digits. */
function numberAt(bytes: Buffer, start: number, digits: number): number {
  const text = bytes.toString('latin1', start, start + digits);
  return /^[0-9a-f]+$/.test(text) && text.length === digits ? Number.parseInt(text, 16) : Number.NaN;
}

function flagCharacter(flags: number): string {
  return String.fromCharCode(FLAG_BASE + flags);
}
