import { describe, expect, it } from 'vitest';
import { hideConditions, isNotModified, weakEntityTag } from '../../../src/http/rule/conditional-request.js';

const earlier = 'Mon, 31 Dec 2029 00:00:00 GMT';
const date = 'Tue, 01 Jan 2030 00:00:00 GMT';
const later = 'Wed, 02 Jan 2030 00:00:00 GMT';

describe('isNotModified', () => {
  it.each([
    [{}, false],
    [{ 'if-none-match': '"a"' }, true],
    [{ 'if-none-match': 'W/"a"' }, true],
    [{ 'if-none-match': '"b", W/"a"' }, true],
    [{ 'if-none-match': ' * ' }, true],
    [{ 'if-none-match': '"b"' }, false],
    [{ 'if-none-match': 'a' }, false],
    [{ 'if-none-match': '' }, false],
    [{ 'if-none-match': '"b"', 'if-modified-since': later }, false],
    [{ 'if-modified-since': later }, true],
    [{ 'if-modified-since': date }, true],
    [{ 'if-modified-since': earlier }, false],
    [{ 'if-modified-since': 'soon' }, false],
    [{ 'if-modified-since': 'Tuesday, 01-Jan-30 00:00:00 GMT' }, true],
    [{ 'if-modified-since': 'Tue Jan  1 00:00:00 2030' }, true],
    [{ 'if-modified-since': '2031-01-01' }, false],
  ])('with %j is %s', (headers, expected) => {
    expect(isNotModified(headers, { etag: 'W/"a"', lastModified: date })).toBe(expected);
  });

  it('without validators is true for * only', () => {
    const none = { etag: undefined, lastModified: undefined };
    expect(isNotModified({ 'if-none-match': '"a"' }, none)).toBe(false);
    expect(isNotModified({ 'if-modified-since': later }, none)).toBe(false);
    expect(isNotModified({ 'if-none-match': '*' }, none)).toBe(true);
  });

  it('is true for responses that succeed only', () => {
    const validators = { etag: '"a"', lastModified: undefined };
    expect(isNotModified({ 'if-none-match': '"a"' }, { ...validators, status: 203 })).toBe(true);
    expect(isNotModified({ 'if-none-match': '"a"' }, { ...validators, status: 404 })).toBe(false);
    expect(isNotModified({ 'if-none-match': '*' }, { ...validators, status: 301 })).toBe(false);
  });

  it('compares tags with commas and quotes whole', () => {
    expect(isNotModified({ 'if-none-match': '"x,y"' }, { etag: '"x,y"', lastModified: undefined })).toBe(
      true,
    );
    expect(isNotModified({ 'if-none-match': '"x", "y"' }, { etag: '"x,y"', lastModified: undefined })).toBe(
      false,
    );
  });
});

describe('weakEntityTag', () => {
  it('differs for different bytes and is a weak tag', () => {
    expect(weakEntityTag(Buffer.from('a'))).toMatch(/^W\/"1-[\w-]{27}"$/);
    expect(weakEntityTag(Buffer.from('a'))).toBe(weakEntityTag(Buffer.from('a')));
    expect(weakEntityTag(Buffer.from('a'))).not.toBe(weakEntityTag(Buffer.from('b')));
  });
});

describe('hideConditions', () => {
  it('takes conditions and ranges away until they are put back', () => {
    const headers = { 'if-none-match': '"a"', range: 'bytes=0-', 'if-range': '"a"', host: 'h' };
    const before = { ...headers };
    const show = hideConditions(headers);
    expect(headers).toEqual({ host: 'h' });
    show();
    show();
    expect(headers).toEqual(before);
  });
});
