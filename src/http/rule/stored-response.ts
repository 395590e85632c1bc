import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { HeaderValue } from './header-fields.js';

/** A response as it is kept. */
export interface StoredResponse {
  readonly status: number;
  /** The request headers that `Vary` named when it was made, and their values then; `undefined` = absent. */
  readonly selected: readonly SelectingHeader[];
  /** When it was made: milliseconds since the epoch. Earlier by its `Age` when it had one. */
  readonly createdAt: number;
  /** When it becomes stale: milliseconds since the epoch; `Infinity` = never. */
  readonly expiresAt: number;
  /** Names as they were written by the handler. */
  readonly headers: readonly StoredHeader[];
  /** The exact bytes before content coding; `null` for a response that was sent without a body. */
  readonly body: Buffer | null;
}

/** A request header that a response was selected by, normalised. */
export interface SelectingHeader {
  /** Lower-cased. */
  readonly name: string;
  readonly value: string | undefined;
}

/** One field, or several of one name; an empty list = the handler took the field away. */
export interface StoredHeader {
  readonly name: string;
  readonly value: HeaderValue;
}

/** Whether a response is of no use as it is, however early: its handler has to call it right. */
export function isSpent({ createdAt, expiresAt }: StoredResponse): boolean {
  return expiresAt <= createdAt;
}

/*
 * The bytes: magic (2) · status (2) · createdAt and expiresAt (8 each, double) · whether there is a body (1) · number of headers
 * (2) · number of selecting headers (2). Then for each header its name and the number of its values (2, 0xffff = one value, no array) and the
 * values; for each selecting header its name and the number of its values (2, none or one) and that; then the body. Strings
 * are UTF-8 behind their length (4). All numbers are big-endian.
 */
const MAGIC = 0x5203;
const HEAD_BYTES = 25;
const SINGLE = 0xffff;

/** Writes a response as one buffer. */
export function packResponse(response: StoredResponse): Buffer {
  const { status, headers, selected, body } = response;
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt16BE(MAGIC, 0);
  head.writeUInt16BE(status, 2);
  head.writeDoubleBE(response.createdAt, 4);
  head.writeDoubleBE(response.expiresAt, 12);
  head.writeUInt8(body === null ? 0 : 1, 20);
  head.writeUInt16BE(headers.length, 21);
  head.writeUInt16BE(selected.length, 23);
  const parts: Buffer[] = [head];
  for (const { name, value } of headers) {
    const single = typeof value === 'string';
    parts.push(packText(name), packCount(single ? SINGLE : value.length));
    for (const one of single ? [value] : value) parts.push(packText(one));
  }
  for (const { name, value } of selected) {
    parts.push(packText(name), packCount(value === undefined ? 0 : 1));
    if (value !== undefined) parts.push(packText(value));
  }
  if (body !== null) parts.push(packLength(body.length), body);
  return Buffer.concat(parts);
}

/**
 * Reads what `packResponse` wrote. `undefined` for anything else: another version, other bytes, a part of one, what cannot be sent.
 * The body is a view of `bytes`.
 */
export function unpackResponse(bytes: unknown): StoredResponse | undefined {
  if (!Buffer.isBuffer(bytes) || bytes.length < HEAD_BYTES || bytes.readUInt16BE(0) !== MAGIC)
    return undefined;
  try {
    return unpack(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Throws a RangeError where the bytes end too early. */
function unpack(bytes: Buffer): StoredResponse | undefined {
  const reader = new Reader(bytes, HEAD_BYTES);
  const headers: StoredHeader[] = [];
  for (let left = bytes.readUInt16BE(21); left > 0; left -= 1) {
    const name = reader.text();
    const count = reader.count();
    const value = count === SINGLE ? reader.text() : Array.from({ length: count }, () => reader.text());
    headers.push({ name, value });
  }
  const selected: SelectingHeader[] = [];
  for (let left = bytes.readUInt16BE(23); left > 0; left -= 1) {
    const name = reader.text();
    selected.push({ name, value: reader.count() === 0 ? undefined : reader.text() });
  }
  const body = bytes.readUInt8(20) === 1 ? reader.bytes() : null;
  const status = bytes.readUInt16BE(2);
  if (!reader.atEnd || !isSendable(status, headers)) return undefined;
  return {
    status,
    createdAt: bytes.readDoubleBE(4),
    expiresAt: bytes.readDoubleBE(12),
    headers,
    selected,
    body,
  };
}

/** Whether Node and the platforms would send it. What they would not is nothing that was sent before. */
function isSendable(status: number, headers: readonly StoredHeader[]): boolean {
  if (status < 200 || status > 599) return false;
  try {
    for (const { name, value } of headers) {
      validateHeaderName(name);
      for (const one of typeof value === 'string' ? [value] : value) validateHeaderValue(name, one);
    }
    return true;
  } catch {
    return false;
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  count(): number {
    const count = this.#bytes.readUInt16BE(this.#at);
    this.#at += 2;
    return count;
  }

  bytes(): Buffer {
    const start = this.#at + 4;
    return this.#bytes.subarray(start, this.#end());
  }

  text(): string {
    const start = this.#at + 4;
    return this.#bytes.toString('utf8', start, this.#end());
  }

  /** Goes past what stands behind its length. */
  #end(): number {
    const end = this.#at + 4 + this.#bytes.readUInt32BE(this.#at);
    if (end > this.#bytes.length) throw new RangeError('The bytes end too early.');
    this.#at = end;
    return end;
  }
}

function packText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([packLength(bytes.length), bytes]);
}

function packLength(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

function packCount(count: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(count);
  return bytes;
}
