import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RedisClient } from '../../../src/connection/redis-client.js';
import { eventually } from '../../support/eventually.js';
import { fakeServer, byCommand } from './fake-server.js';
import { CLIENTS, get, isDown, isUp, make, open, outcomes, redis, set } from './harness.js';

const NO_ANSWER = 'Redis connection "default" is unavailable: no answer within';

describe.each(CLIENTS)('an outage on %s', (_version, client) => {
  it('heals after Redis was killed and restarted, with the same client object', async () => {
    const server = await redis();
    const { connection, events } = await open(server.url, { client });
    const shared = connection.client as RedisClient;
    await server.kill();
    await isDown(connection);
    const messages = await outcomes(100, () => get(connection, 'k'));
    expect(messages).not.toContain('ok');
    await expect(shared.get('k')).rejects.toThrow();
    await server.restart();
    await isUp(connection);
    await set(connection, 'k', 'v');
    expect(await shared.get('k')).toBe('v');
    expect(connection.client).toBe(shared);
    expect(events).toHaveLength(3);
    expect(events.map((event) => event.split(':')[0])).toEqual(['up', 'down', 'up']);
  });

  it('answers calls that were in flight when the connection broke', async () => {
    const server = await redis();
    const { connection } = await open(server.url, { client });
    server.pause();
    const calls = Array.from({ length: 10 }, () => get(connection, 'k'));
    const batch = connection.pipeline([{ key: 'k', args: ['GET', 'k'] }]);
    const results = Promise.allSettled([...calls, batch]);
    await server.kill();
    for (const result of await results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'REDIS_UNAVAILABLE' } });
    }
  });

  it('stops sending to a Redis that hangs: a hundred calls cost a few deadlines and one event', async () => {
    const server = await redis();
    const { connection, events } = await open(server.url, { client });
    server.pause();
    const messages = await outcomes(100, () => get(connection, 'k'));
    expect(messages.filter((message) => message.startsWith(NO_ANSWER)).length).toBeLessThanOrEqual(5);
    expect(messages).not.toContain('ok');
    expect(connection.available).toBe(false);
    expect(events).toHaveLength(2);
    expect(events[1]).toMatch(/^down: no answer/);
    server.resume();
    await isUp(connection);
    expect(await get(connection, 'k')).toBe(null);
    expect(events).toHaveLength(3);
  });

  it('costs callers at the same time one deadline together', async () => {
    const server = await redis();
    const { connection, events } = await open(server.url, { client });
    server.pause();
    const all = await Promise.all(Array.from({ length: 100 }, () => outcomes(1, () => get(connection, 'k'))));
    expect(all.flat().every((message) => message.startsWith(NO_ANSWER))).toBe(true);
    expect(connection.available).toBe(false);
    expect(events.slice(1)).toEqual(['down: no answer to 5 commands in a row']);
    expect(await outcomes(1, () => get(connection, 'k'))).toEqual([
      'Redis connection "default" is unavailable: no answer to 5 commands in a row',
    ]);
  });

  it('closes the breaker by a late reply, which reaches nobody and is counted', async () => {
    const server = await redis();
    const options = { url: server.url, breaker: { reconnectAfter: '1h' } };
    const { connection } = await open(options, { client });
    server.pause();
    await Promise.all(Array.from({ length: 7 }, () => outcomes(1, () => get(connection, 'k'))));
    expect(connection.available).toBe(false);
    server.resume();
    await isUp(connection);
    await eventually(() => expect(connection.lateReplies).toBe(7));
    expect(await server.cli('INFO', 'stats')).toMatch(/total_connections_received:2\r/);
  });

  it('replaces a hung connection although the application goes on writing to it', async () => {
    const hung = new WeakSet<Socket>();
    let last: Socket | undefined;
    const serve = byCommand({ GET: '$1\r\nv\r\n' });
    const url = await fakeServer((input, socket) => {
      last = socket;
      return hung.has(socket) ? undefined : serve(input, socket);
    });
    const { connection, events } = await open({ url, breaker: { reconnectAfter: '500ms' } }, { client });
    const shared = connection.client as RedisClient;
    hung.add(last as unknown as Socket);
    const writing = setInterval(() => void shared.ping().catch(() => undefined), 20);
    onTestFinished(() => clearInterval(writing));
    await outcomes(1, () => get(connection, 'k'));
    await eventually(() => expect(events).toHaveLength(3));
    expect(hung.has(last as unknown as Socket)).toBe(false);
    expect(await shared.get('k')).toBe('v');
    expect(events).toEqual(['up: Redis answers', 'down: no answer; connecting anew', 'up: Redis answers']);
  });

  it('finds out that one lonely call hangs, without four others', async () => {
    const server = await redis();
    const options = { url: server.url, breaker: { reconnectAfter: '200ms' } };
    const { connection, events } = await open(options, { client });
    server.pause();
    await outcomes(1, () => get(connection, 'k'));
    await isDown(connection);
    expect(events.at(-1)).toBe('down: no answer; connecting anew');
    server.resume();
    await isUp(connection);
  });

  it('refuses what exceeds maxPending, and goes on with the rest', async () => {
    const server = await redis();
    const options = { url: server.url, maxPending: 10, deadline: '10s' };
    const { connection } = await open(options, { client });
    server.pause();
    const calls = Promise.all(Array.from({ length: 15 }, () => outcomes(1, () => get(connection, 'k'))));
    server.resume();
    const full = 'Redis connection "default" is unavailable: The queue is full';
    expect((await calls).flat()).toEqual([...Array.from({ length: 10 }, () => 'ok'), ...Array(5).fill(full)]);
    expect(connection.available).toBe(true);
  });

  it('gives duplicates that reconnect by themselves', async () => {
    const server = await redis();
    const { connection } = await open(server.url, { client });
    const duplicate = connection.duplicate();
    onTestFinished(() => duplicate.destroy());
    await duplicate.connect();
    await server.restart();
    await eventually(async () => expect(await duplicate.ping()).toBe('PONG'));
  });

  it('does not stay with a server that hangs in the middle of a greeting', async () => {
    let answers = false;
    const serve = byCommand({ GET: '$-1\r\n' });
    const url = await fakeServer((input, socket) => (answers ? serve(input, socket) : undefined));
    const options = { url, database: 1, socket: { connectTimeout: '200ms' } };
    const { connection, events } = make(options, { client });
    await connection.start();
    await eventually(() => expect(events).toEqual(['down: Redis accepts connections and does not answer']));
    answers = true;
    await isUp(connection);
  });
});
