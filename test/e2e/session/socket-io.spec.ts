import { NestFactory } from '@nestjs/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { InvalidOptionsError, RedisCacheModule, SESSION_MIDDLEWARE } from '../../../src/index.js';
import { SessionIoAdapter } from '../../../src/socket-io/index.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { platforms, type AnyApplication, type Browser } from './session-app.js';
import {
  heard,
  post,
  startGatewayApp,
  useCookies,
  type GatewayApp,
  type GatewayAppOptions,
} from './socket-gateway.js';

const TRANSPORTS = [
  ['at once', ['websocket']],
  ['after polling', ['polling', 'websocket']],
] as const;
const HANDSHAKE = '/socket.io/?EIO=4&transport=polling';
const UNAVAILABLE = 'Sessions are not available at the moment.';

describe.each(platforms)('sessions in gateways of socket.io, on %s', (platform) => {
  let redis: RedisServer;
  const apps: GatewayApp[] = [];
  let app: GatewayApp;
  let ann: Browser;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    redis.process.kill('SIGCONT');
    for (const one of apps.splice(0)) await one.close();
  });
  const start = async (options: Partial<GatewayAppOptions> = {}): Promise<void> => {
    app = await startGatewayApp({ platform, redis: redis.url, ...options });
    apps.push(app);
    ann = app.browser();
    await post(ann, '/login');
  };

  it.each(TRANSPORTS)(
    'by a web socket %s: the gateway finds who has signed in by HTTP',
    async (_how, transports) => {
      await start();
      const client = app.connect(ann, transports);
      expect(await client.emitWithAck('show', {})).toEqual({ fields: { user: 'ann' } });
      await eventually(() => expect(client.io.engine.transport.name).toBe('websocket'));
      expect(await client.emitWithAck('show', {})).toEqual({ fields: { user: 'ann' } });
      expect(app.connected).toEqual([{ user: 'ann' }]);
    },
  );

  it('who comes without a cookie, or with a forged one, has an empty session', async () => {
    await start();
    const visitor = app.browser();
    expect(await app.connect(visitor).emitWithAck('show', {})).toEqual({ fields: {} });
    const forged = ann.twin();
    forged.cookies.set('sid', `${ann.cookies.get('sid')}x`);
    expect(await app.connect(forged).emitWithAck('show', {})).toEqual({ fields: {} });
    expect(await app.sessions.count()).toBe(1);
  });

  it('no gateway gives a session another id, which the browser would not hear of', async () => {
    await start();
    const client = app.connect(ann);
    const refused = expect.stringContaining('nobody can be told another id') as string;
    expect(await client.emitWithAck('login', {})).toEqual({ login: refused, rotate: refused });
    expect(await client.emitWithAck('show', {})).toEqual({ fields: { user: 'ann' } });
    expect(await ann.json('/show')).toEqual({ user: 'ann' });
  });

  it('what gateways and requests change at the same time is all kept', async () => {
    await start();
    const client = app.connect(ann);
    await heard(client, 'connect');
    const byHttp = Array.from({ length: 8 }, (_, index) => post(ann, '/set', { [`http${index}`]: index }));
    const bySocket = Array.from({ length: 8 }, (_, index) =>
      client.emitWithAck('set', { [`socket${index}`]: index }),
    );
    for (const { status } of await Promise.all(byHttp)) expect(status).toBe(201);
    for (const answer of await Promise.all(bySocket)) expect(answer).toEqual({ saved: 'done' });
    const all = Array.from({ length: 8 }, (_, index) => ({
      [`http${index}`]: index,
      [`socket${index}`]: index,
    }));
    const expected = Object.assign({ user: 'ann' }, ...all) as object;
    expect(await ann.json('/show')).toEqual(expected);
    expect(await client.emitWithAck('reload', {})).toEqual({ reloaded: 'done', fields: expected });
  });

  it('a logout ends the connection, and what the gateway still does cannot revive the session', async () => {
    await start();
    const client = app.connect(ann);
    await heard(client, 'connect');
    const held = app.hold();
    client.emit('hold', {});
    await held.begun;
    const gone = heard(client, 'disconnect');
    const again = heard(client, 'connect').then(() => client.emitWithAck('show', {}));
    await post(ann.twin(), '/logout');
    expect(await gone).toBe('transport close');
    expect(await again).toEqual({ fields: {} });
    held.goOn();
    expect(await held.ended).toEqual({ save: 'done', reload: 'failed to load session' });
    expect(await ann.json('/show')).toEqual({});
    expect(await app.sessions.count()).toBe(0);
  });

  it('a session that could not be stored keeps its connections', async () => {
    await start();
    const client = app.connect(ann);
    await heard(client, 'connect');
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
    const refused = await post(ann, '/set', { late: true });
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    expect(refused.status).toBe(503);
    const { id } = client;
    expect(await client.emitWithAck('show', {})).toEqual({ fields: { user: 'ann' } });
    expect(client.id).toBe(id);
  });

  it('a session that another process has ended is found gone by a reload, which ends the connection', async () => {
    const session = { prefix: `two-${platform}` };
    await start({ session });
    const here = app;
    const client = here.connect(ann);
    await heard(client, 'connect');
    const gone = heard(client, 'disconnect');
    const there = await startGatewayApp({ platform, redis: redis.url, session });
    apps.push(there);
    expect(await there.sessions.destroyAll('ann')).toBe(1);
    expect((await client.emitWithAck('reload', {})).reloaded).toBe('failed to load session');
    expect(await gone).toBe('transport close');
  });

  it('a login closes the connections of the session it had before, and the client comes again as who has signed in', async () => {
    await start();
    const visitor = app.browser();
    await post(visitor, '/set', { cart: 1 });
    const client = app.connect(visitor);
    await heard(client, 'connect');
    client.io.reconnection(false);
    const gone = heard(client, 'disconnect');
    await post(visitor, '/login');
    expect(await gone).toBe('transport close');
    useCookies(client, visitor);
    client.connect();
    expect(await client.emitWithAck('show', {})).toEqual({ fields: { cart: 1, user: 'ann' } });
    expect(app.connected).toEqual([{ cart: 1 }, { cart: 1, user: 'ann' }]);
  });

  it('all connections of a session end with it, and no other', async () => {
    await start();
    const bob = app.browser();
    await post(bob, '/login');
    const [first, second, other] = [app.connect(ann), app.connect(ann, TRANSPORTS[1][1]), app.connect(bob)];
    await Promise.all([first, second, other].map((client) => heard(client, 'connect')));
    const { id } = other;
    const gone = Promise.all([heard(first, 'disconnect'), heard(second, 'disconnect')]);
    const { handle } = (await ann.json('/handle')) as { handle: string };
    expect(await app.sessions.destroy(handle)).toBe(true);
    await gone;
    expect(await other.emitWithAck('show', {})).toEqual({ fields: { user: 'ann' } });
    expect(other.id).toBe(id);
  });

  it('a gateway that signs its visitor out ends the connection too', async () => {
    await start();
    const client = app.connect(ann);
    await heard(client, 'connect');
    const gone = heard(client, 'disconnect');
    client.emit('logout', {});
    expect(await gone).toBe('transport close');
    expect(await client.emitWithAck('show', {})).toEqual({ fields: {} });
    expect(await ann.json('/show')).toEqual({});
  });

  it('a connection lengthens the life of its session, and sets no cookie', async () => {
    await start({ session: { ttl: '10s' } });
    const { handle } = (await ann.json('/handle')) as { handle: string };
    const before = await app.sessions.get(handle);
    await eventually(async () => {
      const reply = await ann.get(HANDSHAKE);
      expect([reply.status, reply.text]).toEqual([200, expect.stringContaining('"sid"')]);
      for (const name of ['set-cookie', 'vary']) expect(reply.headers).not.toHaveProperty(name);
      const now = await app.sessions.get(handle);
      // By a tenth, and not by what rounding does.
      expect(now?.expiresAt).toBeGreaterThan((before?.expiresAt ?? Infinity) + 900);
    });
  });

  it.each(TRANSPORTS)(
    'by a web socket %s: is refused while Redis is away, and let in after that',
    async (_how, transports) => {
      await start({ deadline: 200 });
      redis.process.kill('SIGSTOP');
      const client = app.connect(ann, transports);
      expect(await heard(client, 'connect_error')).toBeInstanceOf(Error);
      expect(app.connected).toEqual([]);
      redis.process.kill('SIGCONT');
      expect(await client.emitWithAck('show', {})).toEqual({ fields: { user: 'ann' } });
    },
  );

  it('onUnavailable: anonymous lets it in, with a session that takes nothing', async () => {
    await start({ deadline: 200, session: { onUnavailable: 'anonymous' } });
    redis.process.kill('SIGSTOP');
    const client = app.connect(ann);
    expect(await client.emitWithAck('show', {})).toEqual({ fields: {} });
    expect(await client.emitWithAck('set', { user: 'eve' })).toEqual({ saved: UNAVAILABLE });
    redis.process.kill('SIGCONT');
    await eventually(async () => expect(await ann.json('/show')).toEqual({ user: 'ann' }));
  });

  it('paths in exclude have no session', async () => {
    await start({ session: { exclude: ['/socket.io/*'] } });
    expect(await app.connect(ann).emitWithAck('show', {})).toEqual({ fields: 'none' });
  });

  it('the middleware alone, in the engine of another adapter, gives a web socket its session', async () => {
    class OwnAdapter extends IoAdapter {
      constructor(readonly nest: AnyApplication) {
        super(nest);
      }

      override createIOServer(...args: Parameters<IoAdapter['createIOServer']>) {
        const server = super.createIOServer(...args);
        server.engine.use(this.nest.get(SESSION_MIDDLEWARE));
        return server;
      }
    }
    await start({ adapt: (nest) => new OwnAdapter(nest) });
    expect(await app.connect(ann).emitWithAck('show', {})).toEqual({ fields: { user: 'ann' } });
  });

  it('an empty sid is a handshake like any other', async () => {
    await start();
    const client = app.connect(ann, ['websocket'], { sid: '' });
    expect(await client.emitWithAck('show', {})).toEqual({ fields: { user: 'ann' } });
  });
});

it('an application without sessions is told at once', async () => {
  const app = await NestFactory.create(RedisCacheModule.forRoot(), { logger: false });
  expect(() => new SessionIoAdapter(app)).toThrow(InvalidOptionsError);
  await app.close();
});
