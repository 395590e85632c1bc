import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SERIALIZATION } from '../../../src/codec/flags.js';
import { SerializationError } from '../../../src/errors.js';
import { codecWith } from './codec-for-test.js';

class User {
  name = '';
}

const codec = codecWith({ types: [User] });

/** Words that mean something in the rich form, or to JavaScript. */
const NAMES: readonly string[] = [
  ['Own', 'Map', 'Set', 'Date', 'RegExp', 'URL', 'null', 'Object', 'ArrayBuffer', 'Uint8Array', 'BigInt'],
  ['instance', 'view', 'entries', 'User', 'Buffer', 'Float64Array', '__proto__', 'constructor', 'toString'],
].flat();

/** The value, or that it was refused in the one way that readers expect. */
async function read(flags: number, bytes: Buffer): Promise<unknown> {
  try {
    return await codec.decode(flags, bytes);
  } catch (error) {
    if (error instanceof SerializationError) return SerializationError;
    throw error;
  }
}

describe('bytes that nobody of us wrote', () => {
  it('are a value or a SerializationError, under any flags', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 63 }),
        fc.uint8Array({ maxLength: 60 }),
        async (flags, bytes) => {
          expect(await read(flags, Buffer.from(bytes))).not.toBeUndefined();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('are a value or a SerializationError when they are JSON in the rich form', async () => {
    const names = fc.constantFrom(...NAMES);
    const index = fc.integer({ min: -8, max: 8 });
    const node = fc.oneof(
      names,
      index,
      fc.array(fc.oneof(names, index, fc.jsonValue()), { maxLength: 5 }),
      fc.dictionary(names, index),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(node, { maxLength: 8 }), async (nodes) => {
        expect(await read(SERIALIZATION.rich, Buffer.from(JSON.stringify(nodes)))).not.toBeUndefined();
      }),
      { numRuns: 5_000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(Object.keys(User.prototype)).toEqual([]);
  });

  it.each([
    ['a class that is not listed', ['["Own",1]', '[2,3,4]', '"instance"', '"Admin"', '{}']],
    ['a class of the language', ['["Own",1]', '[2,3,4]', '"instance"', '"Function"', '{}']],
    [
      'an instance whose fields are a Date',
      ['["Own",1]', '[2,3,4]', '"instance"', '"User"', '["Date","2020-01-01"]'],
    ],
    ['a view of an unknown kind', ['["Own",1]', '[2,3,4]', '"view"', '"Function"', '"YQ=="']],
    ['a view whose bytes do not fit', ['["Own",1]', '[2,3,4]', '"view"', '"Float64Array"', '"YQ=="']],
    ['a __proto__ key', ['{"__proto__":1}', '{"polluted":2}', 'true']],
    ['an unknown kind of our own', ['["Own",1]', '[2]', '"eval"']],
  ])('are refused: %s', async (_name, nodes) => {
    expect(await read(SERIALIZATION.rich, Buffer.from(`[${nodes.join(',')}]`))).toBe(SerializationError);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('are refused when they stand for undefined', async () => {
    expect(await read(SERIALIZATION.rich, Buffer.from('-1'))).toBe(SerializationError);
  });

  it('are refused without a word of what they say', async () => {
    const secret = Buffer.from('{"password": hunter2}');
    for (const flags of [SERIALIZATION.json, SERIALIZATION.rich]) {
      const error = await Promise.resolve()
        .then(() => codec.decode(flags, secret))
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SerializationError);
      expect(String(error)).not.toContain('hunter2');
      expect((error as Error).cause).toBeUndefined();
    }
  });

  it('that nest 100,000 deep end in a value or a SerializationError', async () => {
    const levels = 100_000;
    const json = Buffer.from('['.repeat(levels) + ']'.repeat(levels));
    expect(await read(SERIALIZATION.json, json)).not.toBeUndefined();
    const nodes = Array.from({ length: levels }, (_, i) => `[${i + 1}]`);
    expect(await read(SERIALIZATION.rich, Buffer.from(`[${nodes.join(',')},1]`))).toBe(SerializationError);
  });

  it('that are truncated at any place are refused, where a length can be seen', async () => {
    const { flags, payload } = await codec.encode({ list: [1, 2], at: new Date(5), text: 'é' });
    const bytes = Buffer.from(payload);
    for (let end = 0; end < bytes.length; end++) {
      expect(await read(flags, bytes.subarray(0, end))).toBe(SerializationError);
    }
  });
});
