import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTarget } from '../../../src/http/rule/request-target.js';

describe('readTarget', () => {
  it.each([
    'http://host/path',
    '*',
    '',
    '/a%2Fb',
    '/a%2fb',
    '/a%5cb',
    '/a%00b',
    '/a%0d%0ab',
    '/a;b',
    '/a%3Bb',
    '/a//b',
    '//a',
    '/a/./b',
    '/a/..',
    '/.',
    '/a/%2e%2e/b',
    '/a%3Fb',
    '/a%23b',
    '/a\\b',
    '/a%zz',
    '/a%E0%A4',
    '/a#b',
    '/a?%zz=1',
    '/a?x#y',
    `/a?${'x'.repeat(5_000)}`,
    `/a?${'x&'.repeat(65)}`,
  ])('refuses %j', (url) => {
    expect(readTarget(url)).toBeUndefined();
  });

  it.each([
    '/',
    '/a',
    '/a/b/',
    '/a.b/..c',
    '/%C3%A9',
    '/a%20b',
    '/a:b@c',
    '/a?q=%2F%3B//..',
    `/a?${'x&'.repeat(64)}`,
  ])('takes %j', (url) => {
    expect(readTarget(url)?.path).toBe(url.split('?', 1)[0]);
  });

  it('leaves the case of the path and the escapes as they are', () => {
    expect(readTarget('/A%c3%A9')?.path).toBe('/A%c3%A9');
  });

  it('tells an absent value, an empty one and an absent parameter apart', () => {
    expect(readTarget('/?a')?.query).toEqual([{ name: 'a', value: undefined }]);
    expect(readTarget('/?a=')?.query).toEqual([{ name: 'a', value: '' }]);
    expect(readTarget('/?')?.query).toEqual([]);
    expect(readTarget('/?a=b=c')?.query).toEqual([{ name: 'a', value: 'b=c' }]);
  });

  it('sorts by decoded name and keeps the order of what a parser may gather under one name', () => {
    const written = (url: string) => readTarget(url)?.query.map(({ name, value }) => `${name}=${value}`);
    expect(written('/?b=1&a=1')).toEqual(['a=1', 'b=1']);
    expect(written('/?%61=2&b=1&a=1')).toEqual(['%61=2', 'a=1', 'b=1']);
    expect(written('/?b=1&a[]=2&a=1&a[x]=0&a%5B%5D=3&a.c=4')).toEqual([
      'a[]=2',
      'a=1',
      'a[x]=0',
      'a%5B%5D=3',
      'a.c=4',
      'b=1',
    ]);
  });

  it('gives the same parameters for every order of different names', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 8 });
    fc.assert(
      fc.property(names, fc.nat(), (list, seed) => {
        const shuffled = list.toSorted((one, other) => ((one.length * 31 + other.length + seed) % 3) - 1);
        expect(readTarget(`/?${shuffled.join('&')}`)).toEqual(readTarget(`/?${list.join('&')}`));
      }),
    );
  });

  it('loses nothing: parameters written back are the ones that came', () => {
    const piece = fc.stringMatching(/^[A-Za-z0-9=+._[\]-]{1,6}$/);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const query = readTarget(`/?${pieces.join('&')}`)?.query ?? [];
        const back = query.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`));
        expect(back.toSorted()).toEqual(pieces.toSorted());
      }),
    );
  });
});
