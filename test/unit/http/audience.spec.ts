import type { ExecutionContext } from '@nestjs/common';
import session from 'express-session';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { partitionOf, requestIdentity } from '../../../src/http/watch/audience.js';

class Secure {
  changed = false;
  readonly #held: object | null;

  constructor(held: object | null) {
    this.#held = held;
  }

  data() {
    return this.#held;
  }
}

describe('requestIdentity', () => {
  it.each([
    [false, {}],
    [false, { user: null }],
    [false, { user: undefined, raw: {} }],
    [true, { user: { id: 1 } }],
    [true, { user: 'ann' }],
    [true, { raw: { user: { id: 1 } } }],
  ])('identified: %s for %j', (identified, request) => {
    expect(requestIdentity(request).identified).toBe(identified);
  });

  it.each([
    [false, 'none', undefined],
    [false, 'null', null],
    [false, 'one with nothing but its cookie', { cookie: { maxAge: 1 } }],
    [false, 'an empty one of cookie-session', {}],
    [false, 'an empty one of @fastify/secure-session', new Secure({})],
    [false, 'a deleted one of @fastify/secure-session', new Secure(null)],
    [true, 'one with something in it', { cookie: {}, visits: 0 }],
    [true, 'one of @fastify/secure-session', new Secure({ user: 1 })],
    [true, 'one that is a text', 'id'],
  ])('hasSession: %s for %s', (loaded, _name, found) => {
    expect(requestIdentity({ session: found }).hasSession).toBe(loaded);
    expect(requestIdentity({ raw: { session: found } }).hasSession).toBe(loaded);
  });

  it('a session that cannot be read counts as one', () => {
    const request = {
      get session() {
        throw new Error('no');
      },
    };
    expect(requestIdentity(request)).toEqual({ identified: false, hasSession: true });
  });

  it('a session of express-session is one once something is in it', async () => {
    const request = new IncomingMessage(new Socket()) as IncomingMessage & { session: { cart?: number } };
    Object.assign(request, { url: '/', originalUrl: '/', method: 'GET' });
    const middleware = session({ secret: 's', resave: false, saveUninitialized: false });
    await new Promise((next) => middleware(request as never, new ServerResponse(request) as never, next));
    expect(requestIdentity(request).hasSession).toBe(false);
    request.session.cart = 1;
    expect(requestIdentity(request).hasSession).toBe(true);
  });
});

describe('partitionOf', () => {
  class PagesController {
    mine() {}
  }
  const context = {
    getClass: () => PagesController,
    getHandler: () => PagesController.prototype.mine,
  } as unknown as ExecutionContext;
  const of = (user: unknown) => partitionOf({ audience: 'user', user: () => user }, context);

  it('is different text for different users', () => {
    const users = ['1', 1, '01', 's:1', 'n:1', 'a', 'A', ' a', 'undefined', 'null', -1, 1.5];
    const partitions = users.map(of);
    expect(new Set(partitions).size).toBe(users.length);
    expect(partitions).not.toContain('');
    expect(of('1')).toBe(of('1'));
  });

  it('is nothing where nobody is kept apart, and the function is not called', () => {
    const user = () => expect.fail();
    expect(partitionOf({ audience: 'everybody', user }, context)).toBe('');
    expect(partitionOf({ audience: 'anonymous', user }, context)).toBe('');
  });

  it.each([undefined, null])('is undefined for %s', (user) => expect(of(user)).toBeUndefined());

  it.each([
    ['an empty text', ''],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['an object', { id: 'secret' }],
    ['an object', ['secret']],
    ['a promise', Promise.resolve('secret')],
    ['a boolean', true],
    ['a bigint', 1n],
    ['a symbol', Symbol('secret')],
  ])('refuses %s, naming the route', (described, user) => {
    expect(() => of(user)).toThrow(InvalidOptionsError);
    expect(() => of(user)).toThrow(
      `PagesController.mine response.varyByUser: must return a text that is not empty, a number, null or undefined, and returned ${described}`,
    );
  });

  it('refuses a promise that fails, and nothing is left unhandled', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    const before = process.rawListeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
    try {
      const user = () => Promise.reject(new Error('no user'));
      expect(() => partitionOf({ audience: 'user', user }, context)).toThrow('a promise');
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
      for (const listener of before) process.on('unhandledRejection', listener as () => void);
    }
  });

  it('passes on what the function throws', () => {
    const user = () => {
      throw new Error('no user');
    };
    expect(() => partitionOf({ audience: 'user', user }, context)).toThrow('no user');
  });
});
