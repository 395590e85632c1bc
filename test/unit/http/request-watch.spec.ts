import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { watchRequest } from '../../../src/http/watch/request-watch.js';

const options = { keyed: new Set<string>(), audience: 'anonymous', thorough: false, strict: false } as const;
const thorough = { ...options, thorough: true };

/** What a platform and middleware may put on a request. */
interface Properties {
  cookies: { sid?: string; none?: string; theme?: string; a?: string; b?: string; c?: string };
  signedCookies: { sid?: string };
  user: unknown;
  session: { visits?: number };
  sessionID: string;
  ip: string;
  ips: string[];
  host: string;
  hostname: string;
  readonly query: Record<string, unknown>;
}

type AnyRequest = IncomingMessage & Properties;

/** Node's own request, as Express hands it on. */
function nodeRequest(headers: Record<string, string> = {}, properties: object = {}): AnyRequest {
  const request = new IncomingMessage(new Socket());
  for (const [name, value] of Object.entries(headers)) request.rawHeaders.push(name, value);
  Object.assign(request.headers, headers);
  return Object.assign(request, properties) as AnyRequest;
}

/** What stands for a request of Fastify: its headers come from Node's. */
class FastifyLike {
  declare additionalHeaders?: object;
  readonly raw: AnyRequest;

  constructor(raw: AnyRequest) {
    this.raw = raw;
  }

  get headers() {
    return this.additionalHeaders === undefined
      ? this.raw.headers
      : Object.assign({}, this.raw.headers, this.additionalHeaders);
  }

  get ip() {
    return '127.0.0.1';
  }

  get hostname() {
    return this.headers.host;
  }
}

/** Everything of an object that a caller could see. */
const shape = (target: object) => [Object.getOwnPropertyDescriptors(target), Reflect.ownKeys(target)];

describe('a watched request tells', () => {
  it.each<[string, (request: AnyRequest) => unknown]>([
    ['the header cookie', ({ headers }) => headers.cookie],
    ['the header cookie', ({ headers }) => 'cookie' in headers],
    ['the header cookie', ({ headers }) => Object.hasOwn(headers, 'cookie')],
    ['the header authorization', ({ headers }) => headers.authorization],
    ['the cookie "sid"', ({ cookies }) => cookies.sid],
    ['the cookie "sid"', ({ signedCookies }) => signedCookies.sid],
    ['the cookie "none"', ({ cookies }) => cookies.none],
    ['all cookies', ({ cookies }) => ({ ...cookies })],
    ['all cookies', ({ cookies }) => JSON.stringify(cookies)],
    ['the user', ({ user }) => user],
    ['the session', ({ session }) => session.visits],
    ['the session', ({ sessionID }) => sessionID],
    ['all request headers', ({ headers }) => ({ ...headers })],
    ['all request headers', ({ headers }) => Object.keys(headers)],
    ['all request headers', ({ headers }) => JSON.stringify(headers)],
    ['all request headers', ({ headers }) => Object.assign({}, headers)],
    [
      'all request headers',
      ({ headers }) => {
        for (const name in headers) void name;
      },
    ],
    ['all request headers', ({ rawHeaders }) => rawHeaders],
    ['all request headers', ({ headersDistinct }) => headersDistinct],
  ])('%s, which forbids to store', (text, read) => {
    const own = { sid: '1' };
    const request = nodeRequest(
      { cookie: 'sid=1', authorization: 'Basic x', accept: '*/*' },
      { cookies: own, signedCookies: own, user: { id: 1 }, session: { visits: 1 }, sessionID: 'x' },
    );
    const watch = watchRequest(request, options);
    expect(watch.refusals()).toEqual([]);
    read(request);
    expect([watch.reads(), watch.refusals()]).toEqual([[text], [text]]);
    watch.stop();
  });

  it.each<[string, (request: AnyRequest) => unknown]>([
    ['the header accept-language', ({ headers }) => headers['accept-language']],
    ['the header x-none', ({ headers }) => headers['x-none']],
    ['the host', ({ headers }) => headers.host],
    ['the host', ({ headers }) => headers[':authority']],
    ['the host', ({ hostname }) => hostname],
    ['the host', ({ host }) => host],
    ["the client's address", ({ ip }) => ip],
    ["the client's address", ({ ips }) => ips],
  ])('%s where it is thorough, which forbids nothing unless it is strict', (text, read) => {
    const own = { ip: '::1', ips: [], host: 'a:1', hostname: 'a' };
    for (const strict of [false, true]) {
      const request = nodeRequest({ host: 'a:1', 'accept-language': 'de' }, own);
      const watch = watchRequest(request, { ...thorough, strict });
      read(request);
      expect([watch.reads(), watch.refusals()]).toEqual([[text], strict ? [text] : []]);
      watch.stop();
    }
  });

  it.each<[string, (request: AnyRequest) => unknown]>([
    ['the query parameter "lang"', ({ query }) => query['lang']],
    ['the query parameter "none"', ({ query }) => query['none']],
    ['all query parameters', ({ query }) => Object.keys(query)],
  ])('%s where the route lists others, which forbids to store', (text, read) => {
    const request = nodeRequest({}, { query: { page: '1', 'tags[]': 'a', lang: 'de' } });
    const watch = watchRequest(request, { ...options, query: new Set(['page', 'tags']) });
    void [request.query['page'], request.query['tags[]']];
    expect(watch.refusals()).toEqual([]);
    read(request);
    expect([watch.reads(), watch.refusals()]).toEqual([[text], [text]]);
    watch.stop();
  });

  it('nothing of the query where all of it is in the key, or where there is nothing else', () => {
    const request = nodeRequest({}, { query: { page: '1' } });
    for (const query of [undefined, new Set(['page'])]) {
      const watch = watchRequest(request, { ...options, query });
      void [request.query['page'], Object.keys(request.query)];
      expect(watch.reads()).toEqual([]);
      watch.stop();
    }
  });

  it('nothing of what cannot tell who is asking, where it is not thorough', () => {
    const request = nodeRequest({ host: 'a' }, { ip: '::1', hostname: 'a' });
    const watch = watchRequest(request, options);
    void [request.headers['accept-language'], request.headers.host, request.ip, request.hostname];
    expect(watch.reads()).toEqual([]);
    watch.stop();
  });

  it.each<[string, (request: AnyRequest) => unknown]>([
    ['methods of every object', ({ headers }) => Object.prototype.hasOwnProperty.call(headers, Symbol('x'))],
    ['what a promise looks for', ({ headers }) => Promise.resolve(headers)],
    ['names in capitals, which Node never has', ({ headers }) => headers['Accept-Language']],
    ['conditions, which are hidden from handlers', ({ headers }) => headers['if-none-match']],
    ['a session that is not there', ({ session }) => session],
    ['a user who is not there', ({ user }) => user],
    ['credentials that are not there', ({ headers }) => headers.authorization],
  ])('nothing of %s', (_name, read) => {
    const request = nodeRequest({ accept: '*/*' }, { session: undefined, user: null });
    const watch = watchRequest(request, { ...thorough, strict: true });
    read(request);
    expect(watch.reads()).toEqual([]);
    watch.stop();
  });

  it('that nobody is there, where others have a user, a session or credentials', () => {
    const request = nodeRequest();
    const watch = watchRequest(request, { ...options, audience: 'everybody' });
    void [request.headers.authorization, request.user, request.session];
    expect(watch.refusals()).toEqual(['the header authorization', 'the user', 'the session']);
    watch.stop();
    expect(['user' in request, 'session' in request]).toEqual([false, false]);
  });

  it('nothing of user, session and credentials where responses are kept apart by user; of cookies it does', () => {
    const properties = { user: { id: 1 }, session: { userId: 1 }, cookies: {} };
    const request = nodeRequest({ authorization: 'Bearer x', cookie: 'a=1' }, properties);
    const watch = watchRequest(request, { ...thorough, strict: true, audience: 'user' });
    void [request.headers.authorization, request.user, request.session];
    expect(watch.reads()).toEqual([]);
    void request.cookies.theme;
    expect(watch.refusals()).toEqual(['the cookie "theme"']);
    watch.stop();
  });

  it('nothing of what is in the key', () => {
    const request = nodeRequest({ host: 'a', cookie: 'a=1' }, { cookies: { a: '1' }, hostname: 'a' });
    const keyed = new Set(['accept-language', 'cookie', 'host']);
    const watch = watchRequest(request, { ...thorough, keyed, strict: true });
    const { headers } = request;
    void [headers['accept-language'], headers.cookie, headers.host, request.hostname];
    void [request.cookies.a, Object.keys(request.cookies)];
    expect(watch.reads()).toEqual([]);
    watch.stop();
  });

  it('nothing to refuse of what the Vary of the response names', () => {
    const request = nodeRequest({ cookie: 'a=1' }, { cookies: { a: '1' } });
    const watch = watchRequest(request, { ...thorough, strict: true });
    void [request.headers['accept-language'], request.cookies.a, request.headers['x-other']];
    expect(watch.refusals(['accept-language', 'cookie'])).toEqual(['the header x-other']);
    expect(watch.refusals(['accept-language'])).toEqual(['the cookie "a"', 'the header x-other']);
    watch.stop();
  });

  it('one thing, where a getter reads others', () => {
    const raw = nodeRequest({ host: 'a' });
    const request = new FastifyLike(raw);
    const watch = watchRequest(request, thorough);
    void request.hostname;
    expect(watch.reads()).toEqual(['the host']);
    watch.stop();
  });

  it('what is read of either request on Fastify', () => {
    for (const read of [
      (request: FastifyLike) => request.headers.cookie,
      (request: FastifyLike) => request.raw.headers.cookie,
    ]) {
      const request = new FastifyLike(nodeRequest({ cookie: 'a=1' }));
      const watch = watchRequest(request, options);
      expect(read(request)).toBe('a=1');
      expect(watch.refusals()).toEqual(['the header cookie']);
      watch.stop();
    }
    const request = new FastifyLike(nodeRequest({}, { user: { id: 1 } }));
    const watch = watchRequest(request, options);
    void request.raw.user;
    expect(watch.refusals()).toEqual(['the user']);
    watch.stop();
  });

  it('only the names that are read of headers that Fastify puts together', () => {
    const request = new FastifyLike(nodeRequest({ cookie: 'a=1', accept: '*/*' }));
    request.additionalHeaders = { 'x-count': 1 };
    const watch = watchRequest(request, thorough);
    expect((request.headers as Record<string, unknown>)['x-count']).toBe(1);
    expect(watch.reads()).toEqual(['the header x-count']);
    watch.stop();
  });

  it('at once of what cannot be watched', () => {
    const request = Object.freeze({ headers: {}, cookies: {}, user: { id: 1 } });
    const watch = watchRequest(request, options);
    expect(watch.refusals()).toEqual(['all request headers', 'all cookies', 'the user']);
    watch.stop();
  });
});

describe('to its handler a watched request', () => {
  it.each([
    ['plain', (headers: object) => headers],
    ['frozen', (headers: object) => Object.freeze(headers)],
    ['sealed', (headers: object) => Object.seal(headers)],
    ['without a prototype', (headers: object) => Object.assign(Object.create(null), headers) as object],
  ])('has headers as before, when they are %s', (_name, made) => {
    const given = { host: 'a', accept: '*/*', 'set-cookie': ['a', 'b'] };
    const headers = made(given) as typeof given;
    const request = { headers };
    const watch = watchRequest(request, thorough);
    expect({ ...request.headers }).toEqual(given);
    expect(Object.keys(request.headers)).toEqual(Object.keys(given));
    expect(JSON.stringify(request.headers)).toBe(JSON.stringify(given));
    expect(request.headers).toBe(request.headers);
    expect(Object.getPrototypeOf(request.headers)).toBe(Object.getPrototypeOf(headers));
    expect(Object.isFrozen(request.headers)).toBe(Object.isFrozen(headers));
    expect(request.headers['set-cookie']).toBe(given['set-cookie']);
    watch.stop();
    expect(request.headers).toBe(headers);
  });

  it('takes what is written to it', () => {
    const headers: Record<string, string> = { host: 'a', accept: '*/*' };
    const request: AnyRequest = nodeRequest({}, { cookies: { a: '1' } });
    request.headers = headers;
    const watch = watchRequest(request, thorough);
    request.headers['x-new'] = 'new';
    delete request.headers.accept;
    request.cookies.b = '2';
    request.user = { id: 2 };
    request.cookies = { c: '3' };
    expect([request.user, request.cookies.c]).toEqual([{ id: 2 }, '3']);
    expect(watch.refusals()).toEqual(['the cookie "c"']);
    watch.stop();
    expect(headers).toEqual({ host: 'a', 'x-new': 'new' });
    expect(request.headers).toBe(headers);
    expect(Object.getOwnPropertyDescriptor(request, 'cookies')?.value).toEqual({ c: '3' });
    expect(Object.getOwnPropertyDescriptor(request, 'user')?.value).toEqual({ id: 2 });
  });

  it('lists the same properties', () => {
    const request = nodeRequest({ host: 'a' }, { user: { id: 1 }, cookies: {} });
    Object.defineProperty(request, 'session', { value: {}, configurable: true, enumerable: false });
    const before = Object.keys(request);
    const watch = watchRequest(request, { ...thorough, audience: 'everybody' });
    expect(Object.keys(request)).toEqual(before);
    watch.stop();
  });

  it('has the same cookies after they were assigned to themselves', () => {
    const request = nodeRequest({}, { cookies: { a: '1' } });
    const watch = watchRequest(request, options);
    const { cookies } = request;
    request.cookies = cookies;
    expect(request.cookies).toBe(cookies);
    watch.stop();
    expect(request.cookies).toEqual({ a: '1' });
  });

  it('lets headers be replaced as a whole', () => {
    const request = nodeRequest({ host: 'a' });
    const watch = watchRequest(request, options);
    const others = { host: 'b', cookie: 'x' };
    request.headers = others;
    expect(request.headers.cookie).toBe('x');
    expect(watch.refusals()).toEqual(['the header cookie']);
    watch.stop();
    expect(request.headers).toBe(others);
  });

  it('refuses an assignment that it refused before', () => {
    const request = new FastifyLike(nodeRequest());
    Object.defineProperty(request, 'user', { value: 1, configurable: true });
    const watch = watchRequest(request, thorough);
    expect(() => Object.assign(request, { user: 2 })).toThrow(TypeError);
    expect(() => Object.assign(request, { ip: '::2' })).toThrow(TypeError);
    watch.stop();
    expect([Reflect.get(request, 'user'), request.ip]).toEqual([1, '127.0.0.1']);
  });
});

describe('when the watch stops, the request', () => {
  it('is exactly what it was', () => {
    const properties = { cookies: { a: '1' }, user: null, session: {}, sessionID: 'x', ip: '::1', host: 'a' };
    const raw = nodeRequest({ cookie: 'a=1' }, properties);
    Object.defineProperty(raw, 'signedCookies', { get: () => ({}), enumerable: true, configurable: true });
    void raw.headersDistinct;
    const request = new FastifyLike(raw);
    const before = [shape(raw), shape(request)];
    const watch = watchRequest(request, { ...thorough, audience: 'everybody' });
    expect([shape(raw), shape(request)]).not.toEqual(before);
    watch.stop();
    watch.stop();
    expect([shape(raw), shape(request)]).toEqual(before);
    expect(raw.cookies).toBe(properties.cookies);
  });

  it('keeps what somebody else put over it, and what they took away stays away', () => {
    const request = nodeRequest({}, { user: { id: 1 }, session: { cookie: {} } });
    const watch = watchRequest(request, options);
    Object.defineProperty(request, 'user', { get: () => 'theirs', configurable: true });
    Object.defineProperty(request, 'headers', { value: { theirs: '1' }, configurable: true });
    Reflect.deleteProperty(request, 'session');
    watch.stop();
    expect([request.user, request.headers, 'session' in request]).toEqual(['theirs', { theirs: '1' }, false]);
  });

  it('works through an accessor that somebody else puts back later', () => {
    const request = nodeRequest({}, { user: { id: 1 } });
    const watch = watchRequest(request, options);
    const ours = Object.getOwnPropertyDescriptor(request, 'user') as PropertyDescriptor;
    Object.defineProperty(request, 'user', { value: 'theirs', configurable: true, writable: true });
    watch.stop();
    Object.defineProperty(request, 'user', ours);
    expect(request.user).toEqual({ id: 1 });
    request.user = 'next';
    expect(request.user).toBe('next');
    expect(watch.reads()).toEqual([]);
  });

  it('tells nothing of reads through what the handler kept of it', () => {
    const request = nodeRequest({ cookie: 'a=1' }, { cookies: { a: '1' } });
    const watch = watchRequest(request, options);
    const { headers } = request;
    const cookies = request.cookies as { a: string };
    watch.stop();
    expect([headers.cookie, cookies.a]).toEqual(['a=1', '1']);
    expect(watch.reads()).toEqual([]);
  });

  it('goes on telling after a getter that threw', () => {
    const request = nodeRequest({ cookie: 'a=1' });
    Object.defineProperty(request, 'user', {
      get() {
        throw new Error('no user');
      },
      configurable: true,
    });
    const watch = watchRequest(request, options);
    expect(() => request.user).toThrow('no user');
    void request.headers.cookie;
    expect(watch.refusals()).toEqual(['the header cookie']);
    watch.stop();
  });
});
