import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatcher } from '../../../src/key/glob.js';
import { KeySpace } from '../../../src/key/key-space.js';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('{', '}', '%', ':', '/', '@', '#', '*', '[', ']', '\\', '\u{1F600}', '\uD800', 'a'),
  }),
);
const space = (cache: string, version?: string, keyPrefix = 'cache') =>
  KeySpace.of({ keyPrefix, cache, version });

describe('KeySpace', () => {
  it('gives back the user key of every entry key', () => {
    fc.assert(
      fc.property(anyText, anyText, (cache, key) => {
        const keys = space(cache);
        expect(keys.userKey(keys.entryKey(key))).toBe(key);
        const part = keys.namespace(cache).namespace('x');
        expect(part.userKey(part.entryKey(key))).toBe(key);
      }),
    );
  });

  it('never writes one Redis key for two places', () => {
    const place = fc.record({
      cache: anyText,
      version: fc.option(anyText, { nil: undefined }),
      path: fc.array(anyText, { maxLength: 2 }),
      key: anyText,
    });
    const write = (one: { cache: string; version: string | undefined; path: string[]; key: string }) =>
      one.path.reduce((keys, name) => keys.namespace(name), space(one.cache, one.version)).entryKey(one.key);
    fc.assert(
      fc.property(place, place, (a, b) => {
        expect(write(a) === write(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  it('keeps keys apart that UTF-8 would merge', () => {
    const keys = space('default');
    expect(Buffer.from(keys.entryKey('\uD800'))).not.toEqual(Buffer.from(keys.entryKey('\uD801')));
  });

  it('has one hash tag around the whole user key', () => {
    fc.assert(
      fc.property(anyText, anyText, (prefix, key) => {
        const written = KeySpace.of({ keyPrefix: prefix, cache: prefix, version: prefix }).entryKey(key);
        expect(written.indexOf('{')).toBe(written.lastIndexOf('{'));
        expect(written.indexOf('}')).toBe(written.length - 1);
        expect(written.length - written.indexOf('{')).toBeGreaterThan(2);
      }),
    );
  });

  it('asks SCAN for at least what the glob matches', () => {
    const glob = fc.string({
      unit: fc.constantFrom('*', '?', '[', ']', '^', '-', 'a', 'b', '{', '%', '\\', '\u{1F600}'),
    });
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '{', '%', '*', '\\', ']', '\u{1F600}') });
    const keys = space('*[x]');
    fc.assert(
      fc.property(glob, key, (pattern, one) => {
        fc.pre(globMatcher(pattern)(one));
        expect(globMatcher(keys.scanPattern(pattern))(keys.entryKey(one))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes no key of another cache for an entry of its own', () => {
    const keys = space('b');
    const other = space('v', undefined, 'cache:b');
    expect(keys.locateEntry(keys.entryKey('key'))).toEqual({ path: [], key: 'key' });
    for (const one of [other, other.namespace('part')]) {
      const entry = one.entryKey('key');
      expect(entry.startsWith(keys.tracked[0])).toBe(true);
      expect(keys.locateEntry(entry)).toBeUndefined();
    }
  });

  it('names the generations from the cache down to the namespace', () => {
    expect(space('a').namespace('b').namespace('c').generationKeys).toEqual([
      'cache:a:t:{a}#gen',
      'cache:a:t:{a}#gen/b',
      'cache:a:t:{a}#gen/b/c',
    ]);
  });
});

describe('globMatcher', () => {
  it.each([
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a*c', 'abbbc', true],
    ['a?c', 'a\u{1F600}c', true],
    ['h[^e]llo', 'hallo', true],
    ['h[^e]llo', 'hello', false],
    ['[b-a]', 'b', true],
    ['[a', 'a', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['[\\]]', ']', true],
    ['**a**', 'bab', true],
    ['*foo-a*', 'xfoo-ay', true],
  ])('%s on %s: %s', (glob, key, expected) => {
    expect(globMatcher(glob)(key)).toBe(expected);
  });

  it('stays quick on a glob made to blow up', () => {
    expect(globMatcher('*a'.repeat(50) + 'b')('a'.repeat(5000))).toBe(false);
  });
});
