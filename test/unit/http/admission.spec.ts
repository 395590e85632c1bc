import { describe, expect, it } from 'vitest';
import {
  admitRequest,
  isPrivate,
  MAX_BODY_BYTES,
  refuseHead,
  refuseResponse,
  type HandlerResponse,
} from '../../../src/http/admission.js';
import { headerFields } from '../../../src/http/header-fields.js';

describe('admitRequest', () => {
  it.each([
    ['GET', {}, 'fill'],
    ['GET', { 'content-length': '0' }, 'fill'],
    ['GET', { 'cache-control': 'no-cache, max-age=0', pragma: 'no-cache' }, 'fill'],
    ['GET', { range: 'bytes=0-1', 'if-none-match': '"x"' }, 'fill'],
    ['GET', { 'cache-control': 'No-Store' }, 'read'],
    ['HEAD', {}, 'read'],
    ['get', {}, 'bypass'],
    ['POST', {}, 'bypass'],
    ['QUERY', {}, 'bypass'],
    ['GET', { authorization: '' }, 'bypass'],
    ['HEAD', { authorization: 'x' }, 'bypass'],
    ['GET', { cookie: 'a=1' }, 'bypass'],
    ['GET', { 'content-length': '1' }, 'bypass'],
    ['GET', { 'transfer-encoding': 'chunked' }, 'bypass'],
    ['GET', { upgrade: 'websocket' }, 'bypass'],
    ['GET', { 'x-http-method-override': 'DELETE' }, 'bypass'],
    ['GET', { 'x-http-method': 'DELETE' }, 'bypass'],
    ['GET', { 'x-method-override': 'DELETE' }, 'bypass'],
    ['GET', { 'if-match': '*' }, 'bypass'],
    ['GET', { 'if-unmodified-since': 'x' }, 'bypass'],
  ] as const)('of %s with %j is %s', (method, headers, expected) => {
    expect(admitRequest(method, headers)).toBe(expected);
  });
});

const response = (fields: Record<string, string | string[]>, more: Partial<HandlerResponse> = {}) => {
  const read = headerFields(fields);
  return refuseResponse({ status: 200, fields: read, added: read, addedVary: [], bodyBytes: 1, ...more });
};

describe('refuseResponse', () => {
  it('takes a plain 200, whose origin is open and whose Vary was set outside', () => {
    expect(response({})).toBeUndefined();
    expect(response({ 'Content-Type': 'text/plain', 'Cache-Control': 'public, max-age=1' })).toBeUndefined();
    expect(response({ 'Access-Control-Allow-Origin': '*' })).toBeUndefined();
    expect(response({ Vary: 'Origin, accept-encoding , Cookie' })).toBeUndefined();
    expect(response({}, { bodyBytes: MAX_BODY_BYTES })).toBeUndefined();
    const outside = { added: headerFields({}) };
    expect(response({ 'Access-Control-Allow-Origin': 'https://a.example' }, outside)).toBeUndefined();
  });

  it.each([201, 203, 204, 206, 301, 304, 404, 410, 500])('refuses the status %d', (status) => {
    expect(response({}, { status })).toBe(`status ${status}`);
  });

  it.each([
    'Set-Cookie',
    'Trailer',
    'Content-Encoding',
    'Content-Range',
    'WWW-Authenticate',
    'Clear-Site-Data',
  ])('refuses %s, whoever set it', (name) => {
    expect(response({ [name]: 'x' })).toBe(name.toLowerCase());
    expect(response({ [name]: 'x' }, { added: headerFields({}) })).toBe(name.toLowerCase());
  });

  it.each(['no-store', 'private', 'no-cache', 'max-age=0', 'max-age=9, s-maxage=0'])(
    'refuses Cache-Control: %s, whoever set it',
    (directives) => {
      expect(response({ 'Cache-Control': directives })).toBe('Cache-Control');
      expect(response({ 'Cache-Control': directives }, { added: headerFields({}) })).toBe('Cache-Control');
    },
  );

  it.each(['*', 'Origin, *', 'Accept-Language', 'X-Tenant'])('refuses Vary: %s, whoever set it', (names) => {
    expect(response({ Vary: names })).toMatch(/^Vary/);
    expect(response({ Vary: names }, { added: headerFields({}) })).toMatch(/^Vary/);
  });

  it('refuses any Vary of the handler, a body that is too large and an origin of its own', () => {
    expect(response({ Vary: 'Origin' }, { addedVary: ['origin'] })).toBe('Vary: origin');
    expect(response({}, { bodyBytes: MAX_BODY_BYTES + 1 })).toContain('body');
    expect(response({ 'Access-Control-Allow-Origin': 'null' })).toContain('Origin');
  });

  it('takes max-age=0 beside a longer s-maxage', () => {
    expect(response({ 'Cache-Control': 's-maxage=9, max-age=0' })).toBeUndefined();
  });
});

describe('refuseHead', () => {
  it('takes a 200 and a 304, coded or not', () => {
    const fields = headerFields({ 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
    expect(refuseHead(200, fields)).toBeUndefined();
    expect(refuseHead(304, headerFields({ ETag: '"x"' }))).toBeUndefined();
  });

  it.each([206, 404, 500])('refuses the status %d', (status) => {
    expect(refuseHead(status, headerFields({}))).toBe(`status ${status}`);
  });

  it('refuses what was added last', () => {
    expect(refuseHead(200, headerFields({ 'Set-Cookie': ['a=1', 'b=2'] }))).toBe('set-cookie');
    expect(refuseHead(304, headerFields({ 'Set-Cookie': 'a=1' }))).toBe('set-cookie');
    expect(refuseHead(200, headerFields({ 'Cache-Control': 'private' }))).toBe('Cache-Control');
    expect(refuseHead(200, headerFields({ Vary: '*' }))).toBe('Vary: *');
    expect(refuseHead(200, headerFields({ Trailer: 'x' }))).toBe('trailer');
  });
});

describe('isPrivate', () => {
  it('is what middleware says before the handler runs', () => {
    expect(isPrivate(headerFields({ 'Cache-Control': 'private' }))).toBe(true);
    expect(isPrivate(headerFields({ 'Cache-Control': 'No-Store' }))).toBe(true);
    expect(isPrivate(headerFields({ 'Cache-Control': 'no-cache, x-private' }))).toBe(false);
    expect(isPrivate(headerFields({}))).toBe(false);
  });
});
