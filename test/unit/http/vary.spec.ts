import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerFields } from '../../../src/http/rule/header-fields.js';
import { matchesSelection, selectHeaders, varyNames } from '../../../src/http/rule/vary.js';

const namesOf = (Vary: string | string[], added?: string[]) => varyNames(headerFields({ Vary }), added);

describe('varyNames', () => {
  it('are lower-cased, in order, each once, of all fields', () => {
    expect(namesOf(['X-Tenant, Accept', 'ACCEPT,x-a'])).toEqual(['accept', 'x-a', 'x-tenant']);
    expect(varyNames(headerFields({}))).toEqual([]);
  });

  it('are trimmed (CVE-2026-48587)', () => {
    expect(namesOf(' Cookie\t,  Accept-Language , ')).toEqual(['accept-language', 'cookie']);
  });

  it('are * for a *, wherever it stands (CVE-2026-6907), and for what is no name', () => {
    for (const vary of ['*', ' *', 'Accept, *', 'accept language', 'a;b', '"a"'])
      expect(namesOf(vary)).toBe('*');
  });

  it('without those of middleware, where it is told which were added', () => {
    const vary = 'Origin, Accept-Encoding, Cookie, X-A';
    expect(namesOf(vary)).toEqual(['accept-encoding', 'cookie', 'origin', 'x-a']);
    expect(namesOf(vary, [])).toEqual(['cookie', 'x-a']);
    expect(namesOf(vary, ['accept-encoding'])).toEqual(['accept-encoding', 'cookie', 'x-a']);
  });
});

const MODES = ['policy', 'headers'] as const;

describe.each(MODES)('a selection, where the %s decides', (mode) => {
  const select = (names: string[], headers: IncomingHttpHeaders) => selectHeaders(names, headers, mode);
  const matches = (names: string[], one: Record<string, string>, other: Record<string, string>) =>
    matchesSelection(select(names, one), other, mode);

  it('tells a missing header from an empty one (CVE-2026-113593)', () => {
    expect(select(['x-a'], {})).toEqual([{ name: 'x-a', value: undefined }]);
    expect(select(['x-a'], { 'x-a': '' })).toEqual([{ name: 'x-a', value: '' }]);
    expect(matches(['x-a'], {}, { 'x-a': '' })).toBe(false);
    expect(matches(['x-a'], { 'x-a': '' }, {})).toBe(false);
    expect(matches(['accept'], { accept: '' }, {})).toBe(false);
  });

  it('keeps values of different headers apart', () => {
    expect(matches(['a', 'b'], { a: 'ab', b: 'c' }, { a: 'a', b: 'bc' })).toBe(false);
    expect(matches(['a', 'b'], { a: 'x' }, { b: 'x' })).toBe(false);
    expect(matches(['constructor'], {}, {})).toBe(true);
    expect(select(['constructor'], {})).toEqual([{ name: 'constructor', value: undefined }]);
  });

  it('knows a representation by the header that switches it (CVE-2024-46982)', () => {
    const names = namesOf('RSC, Next-Router-Prefetch') as string[];
    expect(matches(names, { rsc: '1' }, {})).toBe(false);
    expect(matches(names, {}, { 'next-router-prefetch': '1' })).toBe(false);
    expect(matches(names, { rsc: '1' }, { rsc: '1', accept: 'x' })).toBe(true);
  });

  it('tells a list of texts from any text', () => {
    const [many] = select(['x-list'], { 'x-list': ['a', 'b'] });
    expect(select(['x-list'], { 'x-list': JSON.stringify(['a', 'b']) })).not.toEqual([many]);
  });

  it('does not know of what no handler sees', () => {
    expect(matches(['range', 'if-none-match'], { range: 'bytes=0-1' }, { 'if-none-match': '"a"' })).toBe(
      true,
    );
  });

  it('is one of the request that it was made of, and of those alone that say the same', () => {
    const value = fc.option(fc.string({ unit: fc.constantFrom('a', 'B', ' ', ',', ';', '"', '\\', '=') }), {
      nil: undefined,
    });
    const request = fc.record({ accept: value, 'accept-language': value, 'x-a': value });
    fc.assert(
      fc.property(request, request, (one, other) => {
        const selected = select(['accept', 'accept-language', 'x-a'], one);
        expect(matchesSelection(selected, one, mode)).toBe(true);
        const same = matchesSelection(selected, other, mode);
        const plain = (text: string | undefined) =>
          text?.replaceAll(/\s|^,+|,+$|(?<=,),+/g, '').toLowerCase();
        for (const name of ['accept', 'accept-language', 'x-a'] as const) {
          if (same && mode === 'policy') expect(other[name]).toBe(one[name]);
          else if (same) expect(plain(other[name])).toBe(plain(one[name]));
        }
      }),
    );
  });
});

describe('values that mean the same', () => {
  const same = (name: string, one: string, other: string, mode: (typeof MODES)[number]) =>
    matchesSelection(selectHeaders([name], { [name]: one }, mode), { [name]: other }, mode);

  it.each([
    ['accept-language', 'de-CH, de;q=0.9', 'de-ch,de; q=0.9'],
    ['accept-encoding', 'gzip,br', ' gzip , br,'],
    ['accept', 'text/html, a/b;x="1, 2"', 'text/html,a/b;x="1, 2"'],
  ])('of %s match where the headers decide: %j and %j', (name, one, other) => {
    expect(same(name, one, other, 'headers')).toBe(true);
    expect(same(name, one, other, 'policy')).toBe(false);
  });

  it.each([
    ['accept-language', 'de, en', 'en, de'],
    ['accept-language', 'd e', 'de'],
    ['accept', 'a/b;x="1, 2"', 'a/b;x="1,2"'],
    ['accept', 'a/b;x="A"', 'a/b;x="a"'],
    ['user-agent', 'x (KHTML, like)', 'x (KHTML,like)'],
    ['cookie', 'a=1; b=2', 'a=1;b=2'],
  ])('of %s are not supposed: %j and %j', (name, one, other) => {
    expect(same(name, one, other, 'headers')).toBe(false);
  });
});
