import { RedisStore } from 'connect-redis';
import { afterEach, describe, expect, it } from 'vitest';
import { handleOf } from '../../../../src/session/record/session-ids.js';
import type { RedisSessionStoreOptions } from '../../../../src/session/session-options.js';
import { SessionStores } from '../../../contract/session/session-stores.js';
import { Browser } from './browser.js';
import { called, PLATFORMS, type Handler, type SessionApp } from './session-app.js';

const redis = new SessionStores();
const apps: SessionApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const HOUR = 3_600_000;

const HANDLERS: Readonly<Record<string, Handler>> = {
  '/cart': ({ session, id }) => {
    session['cart'] = (Number(session['cart']) || 0) + 1;
    return id;
  },
  '/name': ({ session }) => {
    session['name'] = { first: 'Ada' };
  },
  '/show': ({ session }) => ({ cart: session['cart'] ?? null, name: session['name'] ?? null }),
  '/logout': ({ session }) => called((done) => session.destroy(done)),
};
const NOTHING = { cart: null, name: null };

describe.each(Object.entries(PLATFORMS))('%s', (_, start) => {
  async function serve(store: RedisStore | ReturnType<typeof redis.store>): Promise<SessionApp> {
    const app = await start({ store, handlers: HANDLERS, maxAge: HOUR });
    apps.push(app);
    return app;
  }

  /** A server as it was before the migration, and one with our store, over the same sessions. */
  async function twoServers(mode: 'move' | 'dual', options: Partial<RedisSessionStoreOptions> = {}) {
    const prefix = `${redis.prefix()}-old:`;
    const own = redis.prefix();
    const before = await serve(new RedisStore({ client: redis.client(1), prefix }));
    const store = redis.store({ ...options, prefix: own, migrate: { prefix, mode } });
    const after = await serve(store);
    const oldKeys = async () => (await redis.server.cli('KEYS', `${prefix}*`)) as string[];
    return { before: before.url, after: after.url, store, prefix, own, oldKeys };
  }

  it('sessions of connect-redis are read and moved, and go on as they were', async () => {
    const { before, after, store, prefix, own, oldKeys } = await twoServers('move', { ttl: '2h' });
    const visitor = new Browser(before);
    const id = String((await visitor.get('/cart')).body);
    await visitor.get('/name');
    expect(await oldKeys()).toEqual([prefix + id]);
    const later = visitor.at(after);
    expect((await later.get('/show')).body).toEqual({ cart: 1, name: { first: 'Ada' } });
    expect(await oldKeys()).toEqual([]);
    expect(await store.ids()).toEqual([handleOf(id)]);
    // The end that it had, and not the one that the options of the store would give it.
    const left = Number(await redis.server.cli('PTTL', `${own}:id:${handleOf(id)}`));
    expect(left).toBeGreaterThan(HOUR / 2);
    expect(left).toBeLessThanOrEqual(HOUR);
    expect((await later.get('/cart')).body).toBe(id);
    expect((await later.get('/show')).body).toEqual({ cart: 2, name: { first: 'Ada' } });
    expect(await oldKeys()).toEqual([]);
  });

  it('a logout ends a session that was moved before, and one that comes for the first time', async () => {
    const { before, after, store, oldKeys } = await twoServers('move');
    const [known, first] = [new Browser(before), new Browser(before)];
    for (const visitor of [known, first]) await visitor.get('/cart');
    await known.at(after).get('/show');
    for (const visitor of [known, first]) {
      const copy = visitor.at(after);
      await visitor.at(after).get('/logout');
      expect((await copy.get('/show')).body).toEqual(NOTHING);
    }
    expect(await oldKeys()).toEqual([]);
    expect(await store.length()).toBe(0);
  });

  it('requests that arrive together at a session that was not moved yet lose nothing of each other', async () => {
    const { before, after } = await twoServers('move');
    const visitor = new Browser(before);
    await visitor.get('/cart');
    const later = visitor.at(after);
    await Promise.all([later.get('/cart'), later.get('/name'), later.get('/show')]);
    expect((await later.get('/show')).body).toEqual({ cart: 2, name: { first: 'Ada' } });
  });

  it('with dual, visitors go to and fro between old and new servers', async () => {
    const { before, after, own, prefix, oldKeys } = await twoServers('dual');
    const visitor = new Browser(after);
    const id = String((await visitor.get('/cart')).body);
    expect((await visitor.at(before).get('/cart')).body).toBe(id);
    await visitor.at(after).get('/name');
    for (const url of [before, after]) {
      expect((await visitor.at(url).get('/show')).body).toEqual({ cart: 2, name: { first: 'Ada' } });
    }
    expect(await oldKeys()).toEqual([prefix + id]);
    expect(await redis.server.cli('KEYS', `${own}:*`)).toEqual([]);
    const left = Number(await redis.server.cli('PTTL', prefix + id));
    expect(left).toBeGreaterThan(HOUR / 2);
    expect(left).toBeLessThanOrEqual(HOUR);
  });

  it.each(['before', 'after'] as const)(
    'with dual, a logout %s the migration holds for both',
    async (where) => {
      const urls = await twoServers('dual');
      const visitor = new Browser(urls.before);
      await visitor.get('/cart');
      await visitor.at(urls[where]).get('/logout');
      for (const url of [urls.before, urls.after]) {
        expect((await visitor.at(url).get('/show')).body).toEqual(NOTHING);
      }
      expect(await urls.oldKeys()).toEqual([]);
    },
  );

  it('what was kept by dual is moved by the next deployment', async () => {
    const { after, prefix, own, oldKeys } = await twoServers('dual');
    const visitor = new Browser(after);
    const id = String((await visitor.get('/cart')).body);
    const store = redis.store({ prefix: own, migrate: { prefix } });
    const { url } = await serve(store);
    expect((await visitor.at(url).get('/show')).body).toEqual({ cart: 1, name: null });
    expect(await store.ids()).toEqual([handleOf(id)]);
    expect(await oldKeys()).toEqual([]);
  });
});
