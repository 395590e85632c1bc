import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import type { Serializer } from '../../../src/codec/codec-options.js';
import { SERIALIZATION } from '../../../src/codec/flags.js';
import { gzip } from '../../../src/codec/zlib-compressor.js';
import { SerializationError } from '../../../src/errors.js';
import { codecWith, roundTrip } from './codec-for-test.js';

const binary: Serializer = { serialize, deserialize };
class Listed {
  a = 1;
}

const codec = codecWith({ serializer: binary });

describe("an application's own serializer", () => {
  it('writes every value, Buffers and plain ones included', async () => {
    for (const value of [{ a: 1 }, Buffer.from('x'), new Error('kept by v8')]) {
      expect((await codec.encode(value)).flags).toBe(SERIALIZATION.custom);
      expect(await roundTrip(value, codec)).toEqual(value);
    }
  });

  it('goes together with compression', async () => {
    const compressing = codecWith({ serializer: binary, compressor: gzip() });
    expect(await roundTrip('x'.repeat(10_000), compressing)).toBe('x'.repeat(10_000));
  });

  it('may give a string', async () => {
    const text = codecWith({ serializer: { serialize: String, deserialize: (bytes) => bytes.toString() } });
    expect(await roundTrip('é', text)).toBe('é');
  });

  it('gets bytes of its own: keeping or changing them does no harm', () => {
    const keeping = codecWith({ serializer: { serialize: String, deserialize: (bytes) => bytes.fill(0) } });
    const stored = Buffer.from('header:body');
    keeping.decode(SERIALIZATION.custom, stored, 7);
    expect(stored.toString()).toBe('header:body');
  });

  it('reads what was written before it was there; a cache without it reads nothing of its', async () => {
    expect(await roundTrip({ at: new Date(1) }, codecWith(), codec)).toEqual({ at: new Date(1) });
    await expect(roundTrip({ at: new Date(1) }, codec, codecWith())).rejects.toThrow(SerializationError);
  });

  it('that fails is a SerializationError with the cause, both ways', () => {
    const cause = new Error('no');
    const failing = codecWith({
      serializer: {
        serialize: () => {
          throw cause;
        },
        deserialize: () => {
          throw cause;
        },
      },
    });
    const refused = expect.objectContaining({ code: 'SERIALIZATION_FAILED', cause }) as Error;
    expect(() => failing.encode(1)).toThrow(refused);
    expect(() => failing.decode(SERIALIZATION.custom, Buffer.from('x'))).toThrow(refused);
  });

  it('that gives no bytes, or no value, is refused', () => {
    const useless = codecWith({ serializer: { serialize: () => 5 as never, deserialize: () => undefined } });
    expect(() => useless.encode(1)).toThrow('must give a string or a Buffer');
    expect(() => useless.decode(SERIALIZATION.custom, Buffer.from('x'))).toThrow(SerializationError);
  });
});

describe("the format 'json'", () => {
  const json = codecWith({ format: 'json' });

  it('writes bare JSON and reads that of other programs, whatever the flags', async () => {
    expect(await json.encode({ a: [1, 'é'] })).toEqual({ flags: 0, payload: '{"a":[1,"é"]}' });
    expect(json.decode(63, Buffer.from(' {"a":1} '))).toEqual({ a: 1 });
    expect(() => json.decode(0, Buffer.from('~1'))).toThrow(SerializationError);
  });

  it('leaves out properties that are undefined', async () => {
    expect(await json.encode({ a: undefined, b: 1 })).toEqual({ flags: 0, payload: '{"b":1}' });
  });

  it.each([[new Date(1)], [{ m: new Map() }], [[undefined]], [NaN], [-0], [1n], [Buffer.from('x')]])(
    'refuses what JSON does not keep: %o',
    (value) => {
      expect(() => json.encode(value)).toThrow(SerializationError);
    },
  );

  it('allows no serializer, compressor or types beside it', () => {
    for (const options of [{ serializer: binary }, { compressor: gzip() }, { types: [Listed] }]) {
      expect(() => codecWith({ format: 'json', ...options })).toThrow("format: 'json' allows no serializer");
    }
  });
});
