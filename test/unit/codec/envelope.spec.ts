import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as envelope from '../../../src/codec/envelope.js';
import { PLAIN_JSON_FLAGS } from '../../../src/codec/flags.js';
import { GENERATION_LENGTH, newGeneration } from '../../../src/codec/generation.js';

const { hasGenerations, headerLength, openEntry, sealEntry } = envelope;

const CREATED = 1_700_000_000_123;
const ONE = 'AAAAAAAAAA-';
const TWO = `${ONE}BBBBBBBBBB_`;

function sealed(
  payload: string | Buffer,
  generations = TWO,
  createdAt = CREATED,
  flags = PLAIN_JSON_FLAGS,
): Buffer {
  return Buffer.from(sealEntry({ flags, payload }, createdAt, generations) as string);
}

describe('an entry', () => {
  it('is these bytes, which every later release of the format must read', () => {
    expect(sealEntry({ flags: 0, payload: '{"a":"é"}' }, CREATED, TWO)).toBe(
      '~100loyw3v5n2AAAAAAAAAA-BBBBBBBBBB_{"a":"é"}',
    );
  });

  it('gives back its header, and where the payload begins', () => {
    const times = fc.integer({ min: 0, max: 36 ** 9 - 1 });
    const counts = fc.integer({ min: 1, max: envelope.MAX_GENERATIONS });
    const payloads = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 63 }),
        times,
        counts,
        payloads,
        (flags, createdAt, count, payload) => {
          const generations = Array.from({ length: count }, newGeneration).join('');
          const bytes = sealed(payload, generations, createdAt, flags);
          expect(openEntry(bytes)).toEqual({ flags, createdAt, payloadStart: headerLength(count) });
          expect(bytes.subarray(headerLength(count))).toEqual(Buffer.from(payload as string));
          expect(hasGenerations(bytes, generations)).toBe(true);
          expect(bytes.subarray(0, headerLength(count)).every((byte) => byte >= 0x20 && byte < 0x7f)).toBe(
            true,
          );
        },
      ),
    );
  });

  it('opens when only its header was read', () => {
    const bytes = sealed('payload').subarray(0, headerLength(2));
    expect(openEntry(bytes)?.payloadStart).toBe(bytes.length);
    expect(hasGenerations(bytes, TWO)).toBe(true);
  });

  it('carries 1–35 whole generations', () => {
    for (const wrong of ['', 'short', ONE.repeat(36), `${ONE}x`]) {
      expect(() => sealEntry({ flags: 0, payload: '' }, CREATED, wrong)).toThrow(RangeError);
    }
  });

  it('keeps the place of what scripts on the server read', () => {
    const bytes = sealed('5');
    expect(bytes.toString('latin1', 0, 2)).toBe(envelope.ENTRY_MAGIC);
    expect(bytes.toString('latin1', envelope.FLAGS_AT, envelope.FLAGS_AT + 1)).toBe(
      envelope.PLAIN_JSON_FLAG_CHAR,
    );
    expect(bytes.toString('latin1', envelope.COUNT_AT, envelope.COUNT_AT + 1)).toBe('2');
    expect(bytes.toString('latin1', envelope.GENERATIONS_AT, headerLength(2))).toBe(TWO);
  });

  it('made at a time before the epoch, or between two milliseconds, still opens', () => {
    expect(openEntry(sealed('x', ONE, -5))?.createdAt).toBe(0);
    expect(openEntry(sealed('x', ONE, 5.7))?.createdAt).toBe(5);
  });
});

describe('generations of an entry', () => {
  const bytes = sealed('payload');

  it.each([
    ['another last one', `${ONE}BBBBBBBBBBx`],
    ['another first one', `x${TWO.slice(1)}`],
    ['fewer', ONE],
    ['more', `${TWO}${ONE}`],
    ['none', ''],
  ])('are not matched by %s', (_name, expected) => {
    expect(hasGenerations(bytes, expected)).toBe(false);
  });

  it('are not matched when the bytes end before them', () => {
    for (let end = 0; end < headerLength(2); end++)
      expect(hasGenerations(bytes.subarray(0, end), TWO)).toBe(false);
  });
});

describe('bytes that are no entry', () => {
  it('open to undefined: any truncation of the header', () => {
    const bytes = sealed('payload');
    for (let end = 0; end < headerLength(2); end++) expect(openEntry(bytes.subarray(0, end))).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['JSON of another program', JSON.stringify({ a: 'a value of some length, more than a header takes' })],
    ['a later format', sealed('payload').toString().replace('~1', '~2')],
    ['no mark', sealed('payload').toString().replace('~1', '!1')],
    ['flags out of range', sealed('payload').toString().replace('~10', '~1p')],
    ['no digits for the time', sealed('payload').toString().replace('loyw', 'LOYW')],
    ['no generation', sealed('payload').toString().replace('n2A', 'n0A')],
    ['more generations than bytes', sealed('payload').toString().replace('n2A', 'nzA')],
  ])('open to undefined: %s', (_name, text) => {
    expect(openEntry(Buffer.from(text))).toBeUndefined();
  });

  it('never make it throw, and what opens has its payload inside', () => {
    const start = fc.constantFrom('', '~', '~1', '~10', '~100loyw3v5n');
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 80 }), fc.string(), (prefix, rest, expected) => {
        const bytes = Buffer.concat([Buffer.from(prefix), rest]);
        const entry = openEntry(bytes);
        expect(typeof hasGenerations(bytes, expected)).toBe('boolean');
        if (entry === undefined) return;
        expect(entry.payloadStart).toBeLessThanOrEqual(bytes.length);
        expect(entry.flags).toBeLessThan(64);
        expect(Number.isSafeInteger(entry.createdAt)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('a generation', () => {
  it('is 11 characters of base64url, and never twice the same', () => {
    const many = Array.from({ length: 20_000 }, newGeneration);
    expect(new Set(many).size).toBe(many.length);
    expect(many.every((one) => one.length === GENERATION_LENGTH && /^[\w-]+$/.test(one))).toBe(true);
  });
});
