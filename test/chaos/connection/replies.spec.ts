import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RedisClient } from '../../../src/connection/redis-client.js';
import { eventually } from '../../support/eventually.js';
import { byCommand, fakeServer } from './fake-server.js';
import {
  CLIENTS,
  applicationClient,
  get,
  isDown,
  isUp,
  make,
  open,
  outcomes,
  redis,
  set,
} from './harness.js';

const LOADING = 'Redis connection "default" is unavailable: LOADING Redis is loading the dataset in memory';

describe.each(CLIENTS)('what Redis answers, on %s', (_version, client) => {
  it('waits while Redis loads its data, and serves when it is done', async () => {
    const server = await redis({
      config: { 'key-load-delay': 2_000, 'loading-process-events-interval-bytes': 1_024 },
    });
    await server.cli('EVAL', "for i = 1, 500 do redis.call('SET', 'k' .. i, i) end", 0);
    const { connection, events } = await open(server.url, { client });
    const restarted = server.restart({ sameData: true });
    await eventually(async () => expect(await outcomes(1, () => get(connection, 'k1'))).toEqual([LOADING]));
    const messages = await outcomes(10, () => get(connection, 'k1'));
    expect(new Set(messages)).toEqual(new Set([LOADING]));
    await restarted;
    await isUp(connection);
    expect(await get(connection, 'k500')).toBe('500');
    expect(events.map((event) => event.split(':')[0])).toEqual(['up', 'down', 'up']);
  });

  it('waits while a script keeps Redis busy', async () => {
    const server = await redis({ config: { 'busy-reply-threshold': 10 } });
    const { connection, events } = await open(server.url, { client });
    const script = server.cli('EVAL', 'while true do end', 0).catch(() => undefined);
    await eventually(async () => {
      await outcomes(1, () => get(connection, 'k'));
      expect(connection.available).toBe(false);
    });
    expect(events.at(-1)).toMatch(/^down: (BUSY|no answer)/);
    const killer = await applicationClient(client, server.url);
    await eventually(() => killer.sendCommand(['SCRIPT', 'KILL']));
    await script;
    await isUp(connection);
  });

  it('is down while a replica has lost its primary and serves no stale data', async () => {
    const server = await redis({ config: { 'replica-serve-stale-data': 'no' } });
    const { connection, events } = await open(server.url, { client });
    await server.cli('REPLICAOF', '127.0.0.1', 1);
    await eventually(async () => {
      await outcomes(1, () => get(connection, 'k'));
      expect(events.at(-1)).toMatch(/^down: MASTERDOWN/);
    });
    await server.cli('REPLICAOF', 'NO', 'ONE');
    await isUp(connection);
  });

  it('gives READONLY to the caller, connects anew once, and goes on reading', async () => {
    const server = await redis();
    const { connection } = await open(server.url, { client });
    await server.cli('REPLICAOF', '127.0.0.1', 1);
    await expect(set(connection, 'k', 'v')).rejects.toThrow(/^READONLY/);
    await eventually(async () => {
      expect(await server.cli('INFO', 'stats')).toMatch(/total_connections_received:3\r/);
    });
    await isUp(connection);
    for (const message of await outcomes(20, () => set(connection, 'k', 'v')))
      expect(message).toMatch(/^READONLY/);
    expect(await get(connection, 'k')).toBe(null);
    expect(await server.cli('INFO', 'stats')).toMatch(/total_connections_received:3\r/);
  });

  it('gives OOM to the caller and stays up', async () => {
    const server = await redis({ config: { maxmemory: 1, 'maxmemory-policy': 'noeviction' } });
    const { connection, events } = await open(server.url, { client });
    const messages = await outcomes(50, () => set(connection, 'k', 'x'.repeat(10_000)));
    expect(messages.every((message) => message.startsWith('OOM '))).toBe(true);
    expect(await get(connection, 'k')).toBe(null);
    expect(events).toEqual(['up: Redis answers']);
  });

  it('serves while an error is all that a user gets for most commands', async () => {
    const server = await redis();
    const { connection, events } = await open(server.url, { client });
    await server.cli('LPUSH', 'list', 'a');
    for (const message of await outcomes(20, () => get(connection, 'list')))
      expect(message).toMatch(/^WRONGTYPE/);
    expect(events).toEqual(['up: Redis answers']);
  });

  it('is down with a server that speaks another protocol', async () => {
    const url = await fakeServer(() => 'HTTP/1.1 400 Bad Request\r\n\r\n');
    const { connection, events } = make(url, { client });
    await connection.start();
    await eventually(() => expect(events).toHaveLength(1));
    expect(events[0]).toMatch(/^down: Unknown RESP type/);
    await expect(get(connection, 'k')).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  });

  it('drops a connection whose replies cannot be read any more, lest they reach the wrong callers', async () => {
    const spoilt = new WeakSet<Socket>();
    let answers = 0;
    let last: Socket | undefined;
    const serve = byCommand({ GET: '$1\r\nv\r\n' });
    const url = await fakeServer((input, socket) => {
      last = socket;
      if (!spoilt.has(socket)) return serve(input, socket);
      answers += 1;
      return `HTTP/1.1 200 OK\r\n${serve(input, socket) as string}`;
    });
    const { connection, events } = await open(url, { client });
    spoilt.add(last as unknown as Socket);
    const [first, second] = await Promise.allSettled([get(connection, 'a'), get(connection, 'b')]);
    expect(first.status).toBe('rejected');
    expect(second.status).toBe('rejected');
    await isUp(connection);
    expect(await get(connection, 'a')).toBe('v');
    // Both calls, in one write or two; nothing was sent on that socket afterwards.
    expect(answers).toBeLessThanOrEqual(2);
    expect(events.slice(1)).toEqual([expect.stringMatching(/^down: Unknown RESP type/), 'up: Redis answers']);
  });

  it('does not try without pause on a server that greets and hangs up', async () => {
    let connections = 0;
    const url = await fakeServer((input, socket) => {
      if (!input.includes('GET')) return byCommand({})(input, socket);
      connections += 1;
      socket.destroy();
      return undefined;
    });
    const { connection, events } = make(url, { client });
    await connection.start();
    await eventually(() => expect(connections).toBeGreaterThan(4));
    const seen = connections;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(connections - seen).toBeLessThan(3);
    expect(events).toHaveLength(1);
    expect(connection.available).toBe(false);
  });
});

describe.each(CLIENTS)('a client that the application lends, on %s', (_version, create) => {
  it('is used when it becomes ready, and stays open when the cache is closed', async () => {
    const server = await redis();
    const client = create({ url: server.url }) as RedisClient;
    client.on('error', () => undefined);
    onTestFinished(() => client.destroy());
    const listeners = (): number[] =>
      ['ready', 'error', 'end', 'connect'].map((name) => client.listenerCount(name));
    const before = listeners();
    const { connection, events } = make({ client });
    await connection.start();
    await expect(get(connection, 'k')).rejects.toThrow('not connected yet');
    await client.connect();
    await isUp(connection);
    await set(connection, 'k', 'v');
    await connection.close();
    expect(await client.get('k')).toBe('v');
    expect(listeners()).toEqual(before);
    expect(events).toEqual(['up: Redis answers']);
  });

  it('leaks no listener however often it is lent', async () => {
    const server = await redis();
    const client = await applicationClient(create, server.url);
    const counts: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      const { connection } = await open({ client });
      await connection.close();
      counts.push(
        client.listenerCount('error') + client.listenerCount('ready') + client.listenerCount('end'),
      );
    }
    expect(new Set(counts).size).toBe(1);
  });

  it('is not queued for while Redis is down, and heals with its own reconnecting', async () => {
    const server = await redis();
    const client = await applicationClient(create, server.url);
    const { connection, events } = await open({ client });
    await server.kill();
    await isDown(connection);
    expect(await outcomes(20, () => get(connection, 'k'))).not.toContain('ok');
    await server.restart();
    await isUp(connection);
    expect(await get(connection, 'k')).toBe(null);
    expect(events.map((event) => event.split(':')[0])).toEqual(['up', 'down', 'up']);
  });

  it('is neither destroyed nor written to while it hangs, and serves again by a late reply', async () => {
    const server = await redis();
    const client = await applicationClient(create, server.url);
    const { connection } = await open({ client, breaker: { reconnectAfter: '100ms' } });
    server.pause();
    await Promise.all(Array.from({ length: 5 }, () => outcomes(1, () => get(connection, 'k'))));
    expect(connection.available).toBe(false);
    const own = client.get('k');
    await new Promise((resolve) => setTimeout(resolve, 600));
    server.resume();
    expect(await own).toBe(null);
    await isUp(connection);
    expect(await server.cli('INFO', 'commandstats')).toMatch(/cmdstat_get:calls=7,/);
  });

  it('answers all callers when it is closed while the client hangs', async () => {
    const server = await redis();
    const client = await applicationClient(create, server.url);
    const { connection } = await open({ client, deadline: '1h' });
    server.pause();
    const call = get(connection, 'k').catch((error: Error) => error.message);
    await connection.close();
    expect(await call).toMatch(/it is closed/);
    expect(client.isOpen).toBe(true);
    server.resume();
  });

  it('says what to do when nobody connects it', async () => {
    const client = create({ url: 'redis://127.0.0.1:1' }) as RedisClient;
    const { connection, events } = make({ client });
    await connection.start();
    await eventually(() => expect(events).toEqual(['down: the client is closed: call its connect()']));
  });
});
