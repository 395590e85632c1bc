import { describe, expect, it } from 'vitest';
import { admitRequest } from '../../../src/http/rule/request-admission.js';
import { factsOf, headersPolicy, policyOf } from './policies.js';

const MODES = [
  ['the route', policyOf()],
  ['the headers', headersPolicy()],
] as const;

describe.each(MODES)('a request, where %s decides', (_, policy) => {
  it.each([
    ['GET', {}],
    ['GET', { 'content-length': '0' }],
    ['GET', { 'cache-control': 'no-cache, max-age=0', pragma: 'no-cache' }],
    ['GET', { range: 'bytes=0-1', 'if-none-match': '"x"' }],
  ])('%s with %j may fill', (method, headers) => {
    expect(admitRequest(factsOf(headers, { method }), policy)).toEqual({ may: 'fill' });
  });

  it.each([
    ['GET', { 'cache-control': 'No-Store' }],
    ['HEAD', {}],
  ])('%s with %j may read', (method, headers) => {
    expect(admitRequest(factsOf(headers, { method }), policy).may).toBe('read');
  });

  it.each([
    ['get', {}, 'get'],
    ['POST', {}, 'POST'],
    ['QUERY', {}, 'QUERY'],
    ['GET', { 'content-length': '1' }, 'body'],
    ['GET', { 'transfer-encoding': 'chunked' }, 'body'],
    ['HEAD', { 'content-length': '1' }, 'body'],
    ['GET', { upgrade: 'websocket' }, 'upgrade'],
    ['GET', { 'x-http-method-override': 'DELETE' }, 'override'],
    ['GET', { 'x-http-method': 'DELETE' }, 'x-http-method'],
    ['GET', { 'x-method-override': '' }, 'override'],
    ['GET', { 'if-match': '*' }, 'if-match'],
    ['GET', { 'if-unmodified-since': 'x' }, 'if-unmodified-since'],
  ])('%s with %j goes by the cache, and says why', (method, headers, why) => {
    const admission = admitRequest(factsOf(headers, { method }), policy);
    expect(admission).toEqual({ may: 'bypass', why: expect.stringContaining(why) });
  });

  it.each(['private', 'No-Store', 'max-age=60, private="x-user"'])(
    'goes by the cache when %s was set before its handler',
    (directives) => {
      expect(admitRequest(factsOf({}, { cacheControl: directives }), policy).may).toBe('bypass');
    },
  );

  it('does not depend on unrelated cookies (CVE-2026-48588)', () => {
    for (const cookie of ['_ga=1', '_ga=1; theme=dark', 'xsid=1', 'a=sid', 'SID=1', '']) {
      expect(admitRequest(factsOf({ cookie }), policy)).toEqual({ may: 'fill' });
    }
  });
});

describe('a request with credentials', () => {
  const somebody = {
    authorization: factsOf({ authorization: '' }),
    user: factsOf({}, { identified: true }),
    session: factsOf({}, { hasSession: true }),
    'the cookie sid': factsOf({ cookie: '_ga=1; sid=abc' }),
  };

  it.each(Object.entries(somebody))('%s goes by the cache of anonymous visitors', (why, facts) => {
    expect(admitRequest(facts, policyOf())).toEqual({ may: 'bypass', why: expect.stringContaining(why) });
  });

  it.each(Object.entries(somebody))('%s fills what is public, or kept by user', (_, facts) => {
    expect(admitRequest(facts, policyOf({ audience: 'everybody' }))).toEqual({ may: 'fill' });
    expect(admitRequest(facts, policyOf({ audience: 'user' }))).toEqual({ may: 'fill' });
  });

  it.each(Object.entries(somebody))('%s may ask where the headers decide', (_, facts) => {
    expect(admitRequest(facts, headersPolicy())).toEqual({ may: 'fill' });
  });

  it.each(['sid=a', ' sid = a', 'sid', 'x=1,sid=a', 'x="; sid=a'])(
    'is told by a session cookie in %j',
    (cookie) => {
      expect(admitRequest(factsOf({ cookie }), policyOf()).may).toBe('bypass');
    },
  );

  it('of a user may be told private before its handler', () => {
    const facts = factsOf({}, { cacheControl: 'private' });
    expect(admitRequest(facts, policyOf({ audience: 'user' }))).toEqual({ may: 'fill' });
  });
});
