import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { freePort, startRedis } from '../../support/redis-server.js';
import { fakeServer } from './fake-server.js';
import { CLIENTS, get, impatientClock, isUp, make, open, outcomes, redis, set } from './harness.js';

const REQUIRED = { connect: 'required' } as const;

describe.each(CLIENTS)('starting on %s', (_version, client) => {
  it('starts without Redis, refuses calls at once, and heals when Redis boots', async () => {
    const port = await freePort();
    const { connection, events } = make(`redis://127.0.0.1:${port}`, { client });
    await connection.start();
    await eventually(() => expect(events).toHaveLength(1));
    const messages = await outcomes(100, () => get(connection, 'k'));
    expect(new Set(messages)).toEqual(
      new Set([`Redis connection "default" is unavailable: connect ECONNREFUSED 127.0.0.1:${port}`]),
    );
    const server = await startRedis({ port });
    onTestFinished(() => server.kill());
    await isUp(connection);
    await set(connection, 'k', 'v');
    expect(await get(connection, 'k')).toBe('v');
    expect(events).toEqual([`down: connect ECONNREFUSED 127.0.0.1:${port}`, 'up: Redis answers']);
  });

  it('waits for Redis when it is required', async () => {
    const port = await freePort();
    const { connection } = make({ url: `redis://127.0.0.1:${port}`, ...REQUIRED }, { client });
    const started = connection.start();
    const server = await startRedis({ port });
    onTestFinished(() => server.kill());
    await started;
    expect(connection.available).toBe(true);
  });

  it('gives up a required Redis that does not come, and is closed then', async () => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const { connection } = make({ url, ...REQUIRED }, { client, clock: impatientClock });
    await expect(connection.start()).rejects.toThrow(
      `Redis connection "default" is unavailable: connect ECONNREFUSED 127.0.0.1:${port}, for 10 s`,
    );
    await expect(get(connection, 'k')).rejects.toThrow('it is closed');
  });

  it('gives up a required Redis that accepts and never answers', async () => {
    const url = await fakeServer(() => undefined);
    const { connection } = make({ url, ...REQUIRED }, { client, clock: impatientClock });
    await expect(connection.start()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  });

  it.each([
    ['a wrong password', 'redis://:wr0ng@', /WRONGPASS/],
    ['no password', 'redis://', /NOAUTH/],
    ['a user without rights', 'redis://nobody:secret@', /NOPERM/],
    ['a user who may not read our keys', 'redis://other:secret@', /NOPERM/],
    ['a database that does not exist', 'redis://:secret@/99', /DB index is out of range/],
  ])('fails at once on %s when Redis is required', async (_what, url, message) => {
    const server = await redis({ password: 'secret' });
    await server.cli('ACL', 'SETUSER', 'nobody', 'on', '>secret', '~*', '-@all', '+hello', '+select');
    await server.cli('ACL', 'SETUSER', 'other', 'on', '>secret', '~other:*', '+@all');
    const { username, password, pathname } = new URL(url.replace('@', '@h').replace(/\/\/$/, '//h'));
    const options = {
      socket: { host: '127.0.0.1', port: server.port },
      ...(username && { username }),
      ...(password && { password }),
      ...(pathname.length > 1 && { database: Number(pathname.slice(1)) }),
      ...REQUIRED,
    };
    const { connection, events } = make(options, { client });
    await expect(connection.start()).rejects.toThrow(message);
    expect(events).toHaveLength(1);
    expect(events.join()).not.toContain('wr0ng');
  });

  it('tells a wrong password once in the background, and heals when it becomes right', async () => {
    const server = await redis({ password: 'old' });
    const url = `redis://:new@127.0.0.1:${server.port}`;
    const { connection, events } = make(url, { client, clock: impatientClock });
    await connection.start();
    await eventually(() => expect(events).toHaveLength(1));
    await eventually(async () => {
      // It was tried again meanwhile.
      expect(await server.cli('INFO', 'errorstats')).toMatch(/errorstat_WRONGPASS:count=([2-9]|\d\d)/);
    });
    expect(events).toEqual([expect.stringMatching(/^down: WRONGPASS/)]);
    await server.cli('CONFIG', 'SET', 'requirepass', 'new');
    await isUp(connection);
    expect(events).toHaveLength(2);
  });

  it('tells at once that it is denied after it had been down for another reason', async () => {
    const port = await freePort();
    const { connection, events } = make(`redis://:wrong@127.0.0.1:${port}`, { client });
    await connection.start();
    await eventually(() => expect(events).toHaveLength(1));
    const server = await startRedis({ port, password: 'right' });
    onTestFinished(() => server.kill());
    await eventually(() => expect(events.at(-1)).toMatch(/^down: WRONGPASS/));
    expect(events).toHaveLength(2);
  });

  it('survives a client that the application connects or closes by itself', async () => {
    const server = await redis();
    const { connection } = make(server.url, { client });
    const shared = connection.client as unknown as { connect(): Promise<unknown>; destroy(): void };
    await shared.connect();
    await connection.start();
    await isUp(connection);
    shared.destroy();
    expect(connection.available).toBe(false);
    await isUp(connection);
    expect(await get(connection, 'k')).toBe(null);
  });
});

describe('starting', () => {
  it('does nothing before it is started', async () => {
    const server = await redis();
    const { connection } = make(server.url);
    await expect(get(connection, 'k')).rejects.toThrow('not connected yet');
    expect(await server.cli('INFO', 'clients')).toMatch(/connected_clients:1\r/);
  });

  it('keeps two connections with the same URL apart', async () => {
    const server = await redis();
    const first = await open(server.url);
    const second = await open(server.url);
    await first.connection.close();
    await set(second.connection, 'k', 'v');
    expect(await get(second.connection, 'k')).toBe('v');
  });
});
