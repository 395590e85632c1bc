import type { EncodedValue } from './codec.js';
import { PLAIN_JSON_FLAGS } from './flags.js';
import { GENERATION_LENGTH } from './generation.js';

/*
 * The bytes of an entry. This is the only file that knows them (scripts on the server take its constants):
 *
 *   0  `~`                    never the first byte of JSON text: another program's value is not mistaken for an entry
 *   1  `1`                    the format
 *   2  flags                  0x30 + flags, a printable character
 *   3  created                nine base-36 digits, milliseconds since the epoch
 *  12  count                  one base-36 digit, 1–35: how many generations follow
 *  13  generations            count × 11 characters, the outermost first
 *      payload                up to the end
 *
 * The header is ASCII, so that an entry whose payload is text is one string on its way to Redis. A field that is added
 * later means a new format character: readers of this format then find no entry, and never a wrong one.
 */

/** The first characters of every entry: a mark and the format. */
export const ENTRY_MAGIC = '~1';
/** Where the flags character stands, counted from 0. */
export const FLAGS_AT = 2;
/** Where the digit stands (base 36, from 0) that counts the generations. */
export const COUNT_AT = 12;
/** Where the generations begin, counted from 0: the length of a header without them. */
export const GENERATIONS_AT = 13;
/** The most generations an entry can carry. */
export const MAX_GENERATIONS = 35;
const FLAG_BASE = 0x30;
/** The flags character of a payload that is bare JSON text. */
export const PLAIN_JSON_FLAG_CHAR = flagCharacter(PLAIN_JSON_FLAGS);

const CREATED_AT = 3;
const MARK = 0x7e;
const FORMAT = 0x31;
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** What the header of an entry says. */
export interface OpenedEntry {
  readonly flags: number;
  /** Milliseconds since the epoch, by the clock of the writer. */
  readonly createdAt: number;
  /** Where the payload begins; the length of the bytes if there are only those of the header. */
  readonly payloadStart: number;
}

/** The length of the header of an entry with `generations` generations, in bytes. */
export function headerLength(generations: number): number {
  return GENERATIONS_AT + generations * GENERATION_LENGTH;
}

/**
 * The bytes of an entry; a string (ASCII header, then the text) when the payload is one. `generations` are 1–35 of them,
 * put together without a separator.
 */
export function sealEntry(encoded: EncodedValue, createdAt: number, generations: string): string | Buffer {
  const header = headerOf(encoded.flags, createdAt, generations);
  if (typeof encoded.payload === 'string') return header + encoded.payload;
  const bytes = Buffer.allocUnsafe(header.length + encoded.payload.length);
  bytes.write(header, 'latin1');
  encoded.payload.copy(bytes, header.length);
  return bytes;
}

let last = { flags: -1, createdAt: -1, generations: '', header: '' };

/** Entries that are written in one millisecond share the text. */
function headerOf(flags: number, createdAt: number, generations: string): string {
  if (last.flags === flags && last.createdAt === createdAt && last.generations === generations) {
    return last.header;
  }
  const count = DIGITS[generations.length / GENERATION_LENGTH];
  if (count === undefined || generations === '') {
    throw new RangeError(
      `An entry carries 1–${MAX_GENERATIONS} generations of ${GENERATION_LENGTH} characters.`,
    );
  }
  const header = ENTRY_MAGIC + flagCharacter(flags) + timestamp(createdAt) + count + generations;
  last = { flags, createdAt, generations, header };
  return header;
}

/**
 * Reads the header of an entry; the bytes may end with the header. `undefined` for everything that is no whole header of
 * this format. Never throws.
 */
export function openEntry(bytes: Buffer): OpenedEntry | undefined {
  if (bytes.length < GENERATIONS_AT || bytes[0] !== MARK || bytes[1] !== FORMAT) return undefined;
  const flags = (bytes[FLAGS_AT] as number) - FLAG_BASE;
  const createdAt = timeOf(bytes);
  const count = digit(bytes[COUNT_AT] as number);
  const payloadStart = headerLength(count);
  if (flags < 0 || flags > 63 || createdAt < 0 || count < 1 || bytes.length < payloadStart) return undefined;
  return { flags, createdAt, payloadStart };
}

/**
 * Whether an entry carries exactly these generations (put together as for `sealEntry`). False for bytes that are too
 * short; `openEntry` must have found an entry in them.
 */
export function hasGenerations(bytes: Buffer, expected: string): boolean {
  const length = expected.length;
  if (digit(bytes[COUNT_AT] ?? 0) * GENERATION_LENGTH !== length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[GENERATIONS_AT + i] !== expected.charCodeAt(i)) return false;
  }
  return true;
}

function flagCharacter(flags: number): string {
  return String.fromCharCode(FLAG_BASE + flags);
}

function timestamp(time: number): string {
  return Math.max(0, Math.floor(time)).toString(36).padStart(9, '0');
}

/** −1 when a character is no digit. */
function timeOf(bytes: Buffer): number {
  let time = 0;
  for (let at = CREATED_AT; at < COUNT_AT; at++) {
    const value = digit(bytes[at] as number);
    if (value < 0) return -1;
    time = time * 36 + value;
  }
  return time;
}

/** The value of a base-36 digit, lower case; −1 for any other byte. */
function digit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x57 : -1;
}
