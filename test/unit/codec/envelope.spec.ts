import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as envelope from '../../../src/codec/envelope.js';
import { PLAIN_JSON_FLAGS } from '../../../src/codec/flags.js';
import { GENERATION_LENGTH, newGeneration } from '../../../src/codec/generation.js';

const { hasGenerations, headerLength, headerLengthOf, openEntry, sealEntry } = envelope;

const CREATED = 1_700_000_000_123;
const EXPIRES = CREATED + 60_000;
const ONE = 'AAAAAAAAAA-';
const TWO = `${ONE}BBBBBBBBBB_`;
const TAGS = [
  { tag: 'user:42', version: 'vvvvvvvvvv1' },
  { tag: 'größe', version: 'vvvvvvvvvv2' },
];
const FACTS: envelope.EntryFacts = { createdAt: CREATED, expiresAt: EXPIRES, generations: TWO, tags: [] };

function sealed(
  payload: string | Buffer,
  facts: Partial<envelope.EntryFacts> = {},
  flags = PLAIN_JSON_FLAGS,
): Buffer {
  return Buffer.from(sealEntry({ flags, payload }, { ...FACTS, ...facts }) as string);
}

/** All that an entry can hold. */
const anyFacts = fc.record({
  createdAt: fc.integer({ min: 0, max: 64 ** 7 - 2 }),
  expiresAt: fc.oneof(fc.integer({ min: 0, max: 64 ** 7 - 2 }), fc.constant(null)),
  generations: fc
    .integer({ min: 1, max: envelope.MAX_GENERATIONS })
    .map((count) => Array.from({ length: count }, newGeneration).join('')),
  tags: fc.array(
    fc.string({ unit: 'grapheme' }).map((tag) => ({ tag, version: newGeneration() })),
    { maxLength: 5 },
  ),
});
const anyPayload = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);

describe('an entry', () => {
  it('is these bytes, which every later release of the format must read', () => {
    const encoded = { flags: 0, payload: '{"a":"é"}' };
    expect(sealEntry(encoded, FACTS)).toBe('~20NjEtLWvNjEt_AQ"AAAAAAAAAA-BBBBBBBBBB_{"a":"é"}');
    expect(sealEntry(encoded, { ...FACTS, expiresAt: null, generations: ONE, tags: TAGS })).toBe(
      '~20NjEtLWvzzzzzzzQAAAAAAAAAA-002avvvvvvvvvv1007user:42vvvvvvvvvv2007größe{"a":"é"}',
    );
  });

  it('gives back its header, and where the payload begins', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 63 }), anyFacts, anyPayload, (flags, facts, payload) => {
        const bytes = sealed(payload, facts, flags);
        const { generations, ...rest } = facts;
        const payloadStart = bytes.length - Buffer.from(payload as string).length;
        expect(openEntry(bytes)).toEqual({ flags, ...rest, payloadStart });
        expect(bytes.subarray(payloadStart)).toEqual(Buffer.from(payload as string));
        expect(hasGenerations(bytes, generations)).toBe(true);
        const plain = bytes.subarray(0, headerLength(generations.length / GENERATION_LENGTH));
        expect(plain.every((byte) => byte >= 0x20 && byte < 0x7f)).toBe(true);
      }),
    );
  });

  it('written in the same millisecond as another has the times of its own', () => {
    sealed('x');
    expect(openEntry(sealed('x', { expiresAt: null }))).toMatchObject({
      createdAt: CREATED,
      expiresAt: null,
    });
    expect(openEntry(sealed('x', { createdAt: CREATED + 1, expiresAt: null }))?.createdAt).toBe(CREATED + 1);
    expect(openEntry(sealed('x'))).toMatchObject({ createdAt: CREATED, expiresAt: EXPIRES });
  });

  it('opens when only its header was read', () => {
    for (const tags of [[], TAGS]) {
      const whole = sealed('payload', { tags });
      const bytes = whole.subarray(0, whole.length - 'payload'.length);
      expect(openEntry(bytes)?.payloadStart).toBe(bytes.length);
      expect(openEntry(bytes)?.tags).toEqual(tags);
      expect(hasGenerations(bytes, TWO)).toBe(true);
    }
  });

  it('tells how long its header is, as soon as enough of it is there', () => {
    const plain = sealed('payload');
    for (let end = 0; end <= plain.length; end++) {
      const expected = end < envelope.GENERATIONS_AT ? undefined : headerLength(2);
      expect(headerLengthOf(plain.subarray(0, end)), String(end)).toBe(expected);
    }
    const tagged = sealed('payload', { tags: TAGS });
    const told = headerLength(2) + envelope.TAGS_LENGTH_DIGITS;
    for (let end = 0; end <= tagged.length; end++) {
      const expected = end < told ? undefined : tagged.length - 'payload'.length;
      expect(headerLengthOf(tagged.subarray(0, end)), String(end)).toBe(expected);
    }
    expect(headerLengthOf(Buffer.from('a text of another program, longer than a header'))).toBeUndefined();
    expect(headerLengthOf(Buffer.from(plain.toString().replace('"AAA', ' AAA')))).toBeUndefined();
  });

  it('carries 1–35 whole generations', () => {
    for (const generations of ['', 'short', ONE.repeat(36), `${ONE}x`]) {
      expect(() => sealed('', { generations })).toThrow(RangeError);
    }
  });

  it('carries tags of up to 4,095 bytes, 65,535 bytes of them together', () => {
    const tag = (bytes: number) => ({ tag: `é${'x'.repeat(bytes - 2)}`, version: ONE });
    const full = [...Array.from({ length: 15 }, () => tag(4_095)), tag(65_535 - 15 * 4_109 - 14)];
    expect(openEntry(sealed('p', { tags: full }))?.tags).toEqual(full);
    expect(() => sealed('', { tags: [tag(4_096)] })).toThrow(RangeError);
    expect(() => sealed('', { tags: [...full, tag(2)] })).toThrow(RangeError);
  });

  it('carries a tag that has no characters', () => {
    const tags = [{ tag: '', version: ONE }];
    expect(openEntry(sealed('p', { tags }))?.tags).toEqual(tags);
  });

  it('keeps the place of what scripts on the server read', () => {
    const at = (bytes: Buffer, start: number, length: number) =>
      bytes.toString('latin1', start, start + length);
    const bytes = sealed('5');
    expect(at(bytes, 0, 2)).toBe(envelope.ENTRY_MAGIC);
    expect(at(bytes, envelope.FLAGS_AT, 1)).toBe(envelope.PLAIN_JSON_FLAG_CHAR);
    expect(at(bytes, envelope.EXPIRES_AT, 7)).toBe('NjEt_AQ');
    expect(at(bytes, envelope.GENERATIONS_AT, 22)).toBe(TWO);
    expect(headerLength(2)).toBe(bytes.length - 1);
    expect(bytes[envelope.COUNT_AT]).toBeLessThan(envelope.TAGGED_FROM);
    const tagged = sealed('5', { tags: TAGS });
    expect(tagged[envelope.COUNT_AT]).toBeGreaterThanOrEqual(envelope.TAGGED_FROM);
    const length = Number.parseInt(at(tagged, headerLength(2), envelope.TAGS_LENGTH_DIGITS), 16);
    expect(headerLength(2) + envelope.TAGS_LENGTH_DIGITS + length).toBe(tagged.length - 1);
  });

  it('made at a time before the epoch, or between two milliseconds, still opens', () => {
    expect(openEntry(sealed('x', { createdAt: -5 }))?.createdAt).toBe(0);
    expect(openEntry(sealed('x', { createdAt: 5.7 }))?.createdAt).toBe(5);
  });
});

describe('generations of an entry', () => {
  it.each([
    ['another last one', `${ONE}BBBBBBBBBBx`],
    ['another first one', `x${TWO.slice(1)}`],
    ['fewer', ONE],
    ['more', `${TWO}${ONE}`],
    ['none', ''],
  ])('are not matched by %s', (_name, expected) => {
    for (const tags of [[], TAGS]) expect(hasGenerations(sealed('payload', { tags }), expected)).toBe(false);
  });

  it('are not matched when the bytes end before them', () => {
    for (let end = 0; end < headerLength(2); end++)
      expect(hasGenerations(sealed('payload').subarray(0, end), TWO)).toBe(false);
  });
});

describe('bytes that are no entry', () => {
  it('open to undefined: any truncation of the header', () => {
    for (const tags of [[], TAGS]) {
      const bytes = sealed('', { tags });
      for (let end = 0; end < bytes.length; end++) {
        expect(openEntry(bytes.subarray(0, end)), String(end)).toBeUndefined();
      }
    }
  });

  const tagged = sealed('payload', { tags: TAGS }).toString();
  it.each([
    ['nothing', ''],
    ['JSON of another program', JSON.stringify({ a: 'a value of some length, more than a header takes' })],
    ['the format before', '~100loyw3v5n2AAAAAAAAAA-BBBBBBBBBB_{"a":"é"}'],
    ['a later format', sealed('payload').toString().replace('~2', '~3')],
    ['no mark', sealed('payload').toString().replace('~2', '!2')],
    ['flags out of range', sealed('payload').toString().replace('~20', '~2p')],
    ['no digits for the time', sealed('payload').toString().replace('NjEtLWv', 'NjEtL+v')],
    ['no digits for the expiry', sealed('payload').toString().replace('NjEt_AQ', 'NjEt_A ')],
    ['made never', sealed('payload').toString().replace('NjEtLWv', 'zzzzzzz')],
    ['no generation', sealed('payload').toString().replace('"AAA', ' AAA')],
    ['no generation, but tags', tagged.replace('RAAA', 'PAAA')],
    ['more generations than bytes', sealed('payload').toString().replace('"AAA', 'CAAA')],
    ['more generations than there can be', sealed('p'.repeat(600)).toString().replace('"AAA', 'DAAA')],
    ['more of them, and tags', sealed('p'.repeat(600)).toString().replace('"AAA', 'tAAA')],
    ['no length of the tags', tagged.replace('002a', '00ga')],
    ['tags without length', tagged.replace('002a', '0000')],
    ['tags that end in the middle of one', tagged.replace('002a', '0029')],
    ['tags that begin another one', tagged.replace('002a', '002b')],
    ['no length of a name', tagged.replace('007user', '0x7user')],
    ['a name that goes beyond the tags', tagged.replace('007user', 'fffuser')],
  ])('open to undefined: %s', (_name, text) => {
    expect(openEntry(Buffer.from(text))).toBeUndefined();
  });

  it('never make it throw, and what opens has its payload inside', () => {
    const start = fc.constantFrom(
      '',
      '~',
      '~2',
      '~20',
      '~20NjEtLWvNjEt_AQ',
      '~20NjEtLWvNjEt_AQQAAAAAAAAAA-00',
    );
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
