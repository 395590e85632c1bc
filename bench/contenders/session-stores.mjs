import { randomBytes } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { RedisCacheModule, RedisSessionStore, SessionService } from 'nestjs-redis-cache';
import { createClient } from 'redis';
import { ownVersion, packageVersion } from '../harness/environment.mjs';
import { sampleValue } from '../harness/sample-values.mjs';
import { calledBack } from './called-back.mjs';

/**
 * A session object as express-session makes it.
 *
 * @typedef {Record<string, unknown>} SessionObject
 */

/**
 * A store of sessions under one contract, called with callbacks as express-session does. What it cannot do is absent.
 *
 * @typedef {object} SessionsUnderTest
 * @property {string} name How the tables call it.
 * @property {(id: string) => Promise<SessionObject | undefined>} get What is stored of a session.
 * @property {(id: string) => Promise<SessionObject>} open A stored session as the object that a request has of it.
 * @property {(id: string, session: object) => Promise<unknown>} set
 * @property {(id: string, session: object) => Promise<unknown>} touch
 * @property {() => Promise<unknown>} length
 * @property {() => Promise<unknown>} clear
 * @property {(userId?: string) => Promise<number>} [count]
 * @property {(userId: string) => Promise<readonly unknown[]>} [list]
 * @property {(userId: string) => Promise<unknown>} [destroyAll]
 * @property {() => Promise<unknown>} close
 */

/** How long everybody's sessions live without being used: milliseconds. */
export const SESSION_TTL = 14 * 24 * 60 * 60 * 1_000;

/** How the rival is called. */
export const CONNECT_REDIS = `connect-redis ${packageVersion('connect-redis')} (redis ${packageVersion('redis')})`;

/** How ours is called. */
export const OUR_SESSIONS = `nestjs-redis-cache ${ownVersion()} (redis ${packageVersion('redis')})`;

/**
 * connect-redis on a client of its own, as its documentation says.
 *
 * @param {string} url
 * @returns {Promise<SessionsUnderTest>}
 */
export async function connectRedis(url) {
  const client = await connected(url);
  const store = new RedisStore({ client });
  return { ...called(store), name: CONNECT_REDIS, close: () => client.close() };
}

/**
 * Our store alone, on a client of its own.
 *
 * @param {string} url
 * @param {Omit<import('nestjs-redis-cache').RedisSessionStoreOptions, 'client'>} [options]
 * @returns {Promise<SessionsUnderTest>}
 */
export async function ourSessionStore(url, options = {}) {
  const client = await connected(url);
  const store = new RedisSessionStore({ client, ttl: SESSION_TTL, ...options });
  const close = async () => {
    await store.close();
    await client.close();
  };
  return { ...called(store), name: OUR_SESSIONS, close };
}

/**
 * Our store, and the service of an application beside it, for sessions that know their user.
 *
 * @param {string} url
 * @param {string} prefix
 * @returns {Promise<SessionsUnderTest>}
 */
export async function ourSessions(url, prefix) {
  const options = { prefix, ttl: SESSION_TTL, userId: userOf };
  const store = await ourSessionStore(url, options);
  const app = await NestFactory.createApplicationContext(
    RedisCacheModule.forRoot({
      connection: { url, connect: 'required' },
      session: { secret: randomBytes(32).toString('hex'), ...options },
    }),
    { logger: false },
  );
  const service = app.get(SessionService);
  return {
    ...store,
    count: (userId) => service.count(userId),
    list: (userId) => service.list(userId),
    destroyAll: (userId) => service.destroyAll(userId),
    close: async () => {
      await app.close();
      await store.close();
    },
  };
}

/** @param {string} url */
async function connected(url) {
  const client = createClient({ url });
  // What it runs into its callers are told.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** An id as ours and express-session draw them. */
export function drawId() {
  return randomBytes(24).toString('base64url');
}

/**
 * A new session of about so many bytes, as a request would store it.
 *
 * @param {string} user
 * @param {number} bytes
 */
export function newSession(user, bytes) {
  const fields = { user, views: 0 };
  const missing = bytes - JSON.stringify({ ...fields, profile: {} }).length;
  const Cookie = /** @type {new (options: object) => object} */ (/** @type {unknown} */ (session.Cookie));
  return { cookie: new Cookie({ maxAge: SESSION_TTL }), ...fields, profile: sampleValue(1, missing) };
}

/** Whose session it is. */
export function userOf(/** @type {Readonly<Record<string, unknown>>} */ fields) {
  return typeof fields['user'] === 'string' ? fields['user'] : undefined;
}

/**
 * What express-session calls of a store, as promises.
 *
 * @param {any} store
 */
function called(store) {
  const get = (/** @type {string} */ id) => calledBack((callback) => store.get(id, callback));
  return {
    get,
    open: async (/** @type {string} */ id) =>
      store.createSession({ sessionID: id, sessionStore: store }, await get(id)),
    set: (/** @type {string} */ id, /** @type {object} */ one) =>
      calledBack((callback) => store.set(id, one, callback)),
    touch: (/** @type {string} */ id, /** @type {object} */ one) =>
      calledBack((callback) => store.touch(id, one, callback)),
    length: () => calledBack((callback) => store.length(callback)),
    clear: () => calledBack((callback) => store.clear(callback)),
  };
}
