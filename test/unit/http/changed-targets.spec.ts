import { describe, expect, it } from 'vitest';
import { changedTargets, type ChangingRequest } from '../../../src/http/invalidation/changed-targets.js';

const plain: ChangingRequest = {
  url: '/cities/1?q',
  originalUrl: '/cities/1?q',
  headers: { host: 'app.example:8080' },
  hostname: 'app.example',
};
const own = '/cities/1';

describe('changedTargets', () => {
  it('is the path of the request, and the one before it was rewritten', () => {
    expect(changedTargets(plain, [])).toEqual([own]);
    expect(changedTargets({ ...plain, originalUrl: '/de/cities/1?q' }, [])).toEqual([own, '/de/cities/1']);
  });

  it.each([
    ['/cities/2?q=1#part', '/cities/2'],
    ['2', '/cities/2'],
    ['../towns/./3', '/towns/3'],
    ['//app.example:8080/x', '/x'],
    ['http://app.example:8080/x', '/x'],
    ['https://APP.example:8080/x', '/x'],
    ['https://app.example/x', '/x'],
    ['?page=2', undefined],
    ['http://other.example/x', undefined],
    ['//other.example:8080/x', undefined],
    ['mailto:somebody@app.example', undefined],
    ['http://', undefined],
    ['', undefined],
  ])('with the location %j it is %j, too', (location, target) => {
    expect(changedTargets(plain, [location])).toEqual(target === undefined ? [own] : [own, target]);
  });

  it('takes every value of a field, each path once', () => {
    expect(changedTargets(plain, [['/a', '/b'], undefined, '/a'])).toEqual([own, '/a', '/b']);
  });

  it('knows the host of HTTP/2, and the one that a proxy tells', () => {
    const second = { ...plain, headers: { ':authority': 'two.example' }, hostname: 'public.example' };
    const locations = ['https://two.example/a', 'https://public.example/b', 'https://app.example/c'];
    expect(changedTargets(second, locations)).toEqual([own, '/a', '/b']);
  });

  it.each([undefined, '', 'a b', 'http://'])('does with the host %j what it can', (host) => {
    const odd = { ...plain, headers: { host }, hostname: undefined };
    expect(changedTargets(odd, ['/a', 'http://other.example/b'])).toEqual([own, '/a']);
  });

  it('takes whole URLs and other odd targets', () => {
    const whole = 'http://app.example:8080/cities/1?q';
    expect(changedTargets({ ...plain, url: whole, originalUrl: whole }, ['/a'])).toEqual([own, '/a']);
    expect(changedTargets({ ...plain, url: '*', originalUrl: '*' }, ['/a'])).toEqual(['/*', '/a']);
  });
});
