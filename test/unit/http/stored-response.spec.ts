import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packResponse, unpackResponse, type StoredResponse } from '../../../src/http/rule/stored-response.js';

const value = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }));
const name = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/);
const responses: fc.Arbitrary<StoredResponse> = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  createdAt: fc.integer({ min: 0, max: 8.64e15 }),
  expiresAt: fc.oneof(fc.integer({ min: 0, max: 8.64e15 }), fc.constant(Infinity)),
  headers: fc.array(fc.record({ name, value }), { maxLength: 5 }),
  selected: fc.array(fc.record({ name: fc.string(), value: fc.option(fc.string(), { nil: undefined }) }), {
    maxLength: 3,
  }),
  body: fc.option(fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes))),
});

const response: StoredResponse = {
  status: 200,
  createdAt: 1_700_000_000_000,
  expiresAt: Infinity,
  headers: [
    { name: 'Content-Type', value: 'text/plain' },
    { name: 'Link', value: ['</a>', '</b>'] },
    { name: 'X-None', value: [] },
  ],
  selected: [
    { name: 'accept-language', value: 'de' },
    { name: 'x-absent', value: undefined },
  ],
  body: Buffer.from('bödy'),
};

describe('a packed response', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(responses, (one) => {
        const back = unpackResponse(packResponse(one));
        expect(back).toEqual(one);
      }),
    );
  });

  it('keeps no body and an empty body apart, and one value and a list of one', () => {
    for (const body of [null, Buffer.alloc(0)]) {
      expect(unpackResponse(packResponse({ ...response, body }))?.body).toEqual(body);
    }
    for (const one of ['a', ['a']]) {
      const headers = [{ name: 'X', value: one }];
      expect(unpackResponse(packResponse({ ...response, headers }))?.headers).toEqual(headers);
    }
  });

  it('that is cut anywhere, or has more behind it, is not one', () => {
    const bytes = packResponse(response);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(unpackResponse(bytes.subarray(0, length))).toBeUndefined();
    }
    expect(unpackResponse(Buffer.concat([bytes, Buffer.from([0])]))).toBeUndefined();
  });

  it.each([
    ['a status that is none', { status: 0 }],
    ['a status that nobody answers with', { status: 100 }],
    ['a field without a name', { headers: [{ name: '', value: 'a' }] }],
    ['a field of two lines', { headers: [{ name: 'X', value: ['a', 'b\r\nY: c'] }] }],
  ])('with %s is not one', (_name, spoilt) => {
    expect(unpackResponse(packResponse({ ...response, ...spoilt }))).toBeUndefined();
  });

  it('of another version is not one', () => {
    const bytes = packResponse(response);
    bytes[1] = 1;
    expect(unpackResponse(bytes)).toBeUndefined();
  });

  it.each([undefined, null, 'text', {}, Buffer.from('text that is long enough'), Buffer.alloc(100, 0xff)])(
    'is not %j',
    (found) => {
      expect(unpackResponse(found)).toBeUndefined();
    },
  );

  it('never throws on random bytes behind the right mark', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        unpackResponse(Buffer.concat([Buffer.from([0x52, 0x01]), bytes]));
      }),
    );
  });
});
