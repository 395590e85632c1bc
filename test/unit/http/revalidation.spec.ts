import { describe, expect, it } from 'vitest';
import { headerFields } from '../../../src/http/rule/header-fields.js';
import { conditionsOf, freshened, isValidatable } from '../../../src/http/rule/revalidation.js';
import type { StoredHeader, StoredResponse } from '../../../src/http/rule/stored-response.js';
import { policyOf } from './policies.js';

const now = Date.UTC(2030, 0, 1);
const stored = (headers: Record<string, string>): StoredResponse => ({
  status: 200,
  createdAt: 0,
  expiresAt: Infinity,
  headers: Object.entries(headers).map(([name, value]): StoredHeader => ({ name, value })),
  selected: [],
  body: Buffer.from('x'),
});
const freshen = (old: Record<string, string>, said: Record<string, string | string[]>) => {
  const fields = headerFields(said);
  const policy = policyOf({ perRequestHeaders: new Set(['x-node']) });
  return freshened(stored(old), { fields, added: fields, names: new Map() }, policy, now);
};

describe('a stored response with a validator', () => {
  it('is told from one whose tag was made of its body', () => {
    expect(isValidatable(headerFields({ ETag: '"v1"' }))).toBe(true);
    expect(isValidatable(headerFields({ ETag: 'W/"v1"' }))).toBe(true);
    expect(isValidatable(headerFields({ 'Last-Modified': 'Tue, 01 Jan 2030 00:00:00 GMT' }))).toBe(true);
    expect(isValidatable(headerFields({ ETag: 'W/"1a-pp0yKMj3EIWGTHgZBY0vgFE2YJI"' }))).toBe(false);
    expect(isValidatable(headerFields({}))).toBe(false);
  });

  it('is asked for by what it says', () => {
    expect(conditionsOf(stored({ ETag: 'W/"1"', 'Last-Modified': 'x' }))).toEqual({
      'if-none-match': 'W/"1"',
      'if-modified-since': 'x',
    });
    expect(conditionsOf(stored({ etag: '"1"' }))).toEqual({ 'if-none-match': '"1"' });
    expect(conditionsOf(stored({ 'X-A': '1' }))).toBeUndefined();
  });

  it('is brought up to date by a 304, but for what describes its body and what is of one request', () => {
    const fresh = freshen(
      { ETag: '"1"', 'Cache-Control': 'max-age=1', 'Content-Type': 'a/b', Date: 'old', 'X-Kept': '1' },
      {
        etag: '"1"',
        'cache-control': 'max-age=9',
        'content-type': 'c/d',
        'content-length': '0',
        connection: 'x-hop',
        'x-hop': '1',
        'x-node': 'a',
        'x-kept': [],
        age: '5',
      },
    );
    expect(fresh).toEqual({
      ...stored({ 'Content-Type': 'a/b', 'X-Kept': '1', etag: '"1"', 'cache-control': 'max-age=9' }),
      createdAt: now - 5_000,
    });
  });

  it('is not brought up to date by a 304 of another one', () => {
    expect(freshen({ ETag: '"1"' }, { etag: '"2"' })).toBeUndefined();
    expect(freshen({}, { etag: '"2"' })).toBeUndefined();
    expect(freshen({ 'Last-Modified': 'a' }, { 'last-modified': 'b' })).toBeUndefined();
    expect(freshen({ ETag: 'W/"1"' }, { etag: '"1"' })).toBeDefined();
    expect(freshen({ 'Last-Modified': 'a' }, { 'last-modified': 'a' })).toBeDefined();
    expect(freshen({ ETag: '"1"' }, {})).toBeDefined();
  });
});
