import { once } from 'node:events';
import { createClient } from 'redis';
import { afterEach, expect, it } from 'vitest';
import { RedisSessionStore } from '../../../../src/session/redis-session-store.js';
import { eventually } from '../../../support/eventually.js';
import { startRedis } from '../../../support/redis-server.js';
import { Browser } from './browser.js';
import { startExpress, type SessionApp } from './session-app.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function open(emitConnection: boolean) {
  const server = await startRedis({ config: { appendonly: 'yes', appendfsync: 'always' } });
  ends.push(() => server.stop());
  const client = createClient({ url: server.url });
  client.on('error', () => undefined);
  await client.connect();
  ends.push(() => client.destroy());
  const store = new RedisSessionStore({ client, emitConnection });
  ends.push(() => store.close());
  const events: string[] = [];
  for (const name of ['connect', 'disconnect']) store.on(name, () => events.push(name));
  const app: SessionApp = await startExpress({
    store,
    handlers: {
      '/login': ({ session }) => void (session['user'] = 'ada'),
      '/': ({ session }) => (session as object | undefined) && session['user'],
    },
  });
  ends.push(() => app.close());
  const browser = new Browser(app.url);
  await browser.get('/login');
  return { server, store, events, browser };
}

it('while Redis is away requests fail, and afterwards everybody is who he was', async () => {
  const { server, events, browser } = await open(false);
  await server.kill();
  expect((await browser.get('/')).status).toBe(500);
  expect((await browser.get('/')).cookies).toEqual([]);
  await server.start();
  await eventually(async () => expect((await browser.get('/')).body).toBe('ada'), { timeout: 15_000 });
  expect(events).toEqual([]);
});

it('with emitConnection it tells as the connection comes and goes, and express-session serves without sessions', async () => {
  const { server, store, events, browser } = await open(true);
  await eventually(() => expect(events).toEqual(['connect']));
  const down = once(store, 'disconnect');
  await server.kill();
  await down;
  const away = await browser.get('/');
  expect([away.status, away.body, away.cookies]).toEqual([200, null, []]);
  const up = once(store, 'connect');
  await server.start();
  await up;
  await eventually(async () => expect((await browser.get('/')).body).toBe('ada'), { timeout: 15_000 });
});
