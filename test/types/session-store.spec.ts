import type fastifySession from '@fastify/session';
import expressSession from 'express-session';
import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { expectTypeOf, it } from 'vitest';
import { RedisSessionStore, type StoredSession } from '../../src/session/redis-session-store.js';
import type { RedisSessionStoreOptions } from '../../src/session/session-options.js';

declare module 'express-session' {
  interface SessionData {
    /** As an application declares its own fields. */
    declaredInTheTestOfTypes: number;
  }
}

/** Compiled and never called. */
function compiled(): void {
  const store = new RedisSessionStore({ client: createClient() });
  const make = (options: RedisSessionStoreOptions) => new RedisSessionStore(options);
  make({ client: createClient5(), prefix: 'sess', ttl: '1d', emitConnection: true });
  expressSession({ store, secret: 'x' });
  expressSession({ store: store.view(), secret: 'x' });
  // @ts-expect-error: a client is required
  make({});
  // @ts-expect-error: no such option
  make({ client: createClient(), scanCount: 100 });
}

it('is a store of express-session, whatever fields the application declares', () => {
  expectTypeOf(compiled).toBeFunction();
  expectTypeOf<RedisSessionStore>().toExtend<expressSession.Store>();
});

it('is a store of @fastify/session', () => {
  expectTypeOf<RedisSessionStore>().toExtend<fastifySession.SessionStore>();
});

it('gives promises without callbacks, and nothing with them', () => {
  expectTypeOf<RedisSessionStore['get']>().toBeCallableWith('id', () => undefined);
  const get = (store: RedisSessionStore) => store.get('id');
  expectTypeOf(get).returns.resolves.toEqualTypeOf<StoredSession | undefined>();
  const length = (store: RedisSessionStore) => store.length();
  expectTypeOf(length).returns.resolves.toBeNumber();
});
