import { describe, expect, it } from 'vitest';
import type { RedisCommand, RedisReply } from '../../src/connection/connection.js';
import { defineScript } from '../../src/connection/script.js';
import type { RedisClient } from '../../src/connection/redis-client.js';
import type { RedisServer } from '../support/redis-server.js';
import {
  applicationClient,
  CLIENTS,
  get,
  open,
  redis,
  set,
  type Opened,
} from '../chaos/connection/harness.js';

const WAYS = ['TCP', 'a unix socket', 'a borrowed client'] as const;
const cases = CLIENTS.flatMap(([version, client]) => WAYS.map((way) => ({ version, client, way })));
const deadline = '5s';

function command(...args: [string | Buffer, ...(string | Buffer)[]]): RedisCommand {
  return { key: args[1] ?? '', args };
}

describe.each(cases)('a connection by $way on $version', ({ client, way }) => {
  async function setUp(): Promise<Opened & { server: RedisServer }> {
    const server = await redis();
    if (way === 'TCP') return { ...(await open({ url: server.url, deadline }, { client })), server };
    if (way === 'a unix socket') {
      return { ...(await open({ socket: { path: server.socketPath }, deadline }, { client })), server };
    }
    return { ...(await open({ client: await applicationClient(client, server.url), deadline })), server };
  }

  it('gives replies as bytes, numbers, null and arrays', async () => {
    const { connection } = await setUp();
    const replies: RedisReply[] = [];
    for (const one of [
      command('SET', 'k', 'é'),
      command('GET', 'k'),
      command('GET', 'absent'),
      command('INCRBY', 'n', '41'),
      command('PTTL', 'k'),
      command('MGET', 'k', 'absent', 'n'),
      command('EVAL', "return {1, 'a', {false, 'b'}}", '0'),
    ]) {
      replies.push(await connection.request(one));
    }
    expect(replies).toEqual([
      Buffer.from('OK'),
      Buffer.from('é'),
      null,
      41,
      -1,
      [Buffer.from('é'), null, Buffer.from('41')],
      [1, Buffer.from('a'), [null, Buffer.from('b')]],
    ]);
  });

  it('sends and receives any bytes', async () => {
    const { connection } = await setUp();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    await connection.request(command('SET', bytes, bytes));
    expect(await connection.request(command('GET', bytes))).toEqual(bytes);
  });

  it('rejects with the error of Redis, its message unchanged, and goes on', async () => {
    const { connection, events } = await setUp();
    await connection.request(command('RPUSH', 'list', 'a'));
    await expect(connection.request(command('GET', 'list'))).rejects.toThrow(
      /^WRONGTYPE Operation against a key/,
    );
    await expect(connection.request(command('NOSUCH'))).rejects.toThrow(/^ERR unknown command/);
    expect(await get(connection, 'absent')).toBe(null);
    expect(events).toEqual(['up: Redis answers']);
  });

  it('answers a pipeline in order, errors in their place', async () => {
    const { connection } = await setUp();
    const replies = await connection.pipeline([
      command('SET', 'k', '1'),
      command('LPUSH', 'k', 'a'),
      command('INCR', 'k'),
      command('GET', 'absent'),
    ]);
    expect(replies[0]).toEqual(Buffer.from('OK'));
    expect((replies[1] as Error).message).toMatch(/^WRONGTYPE/);
    expect(replies.slice(2)).toEqual([2, null]);
    expect(await connection.pipeline([])).toEqual([]);
  });

  it('leaves the client that users share its own replies', async () => {
    const { connection } = await setUp();
    const shared = connection.client as RedisClient;
    await set(connection, 'k', 'v');
    const all = await Promise.all([
      connection.request(command('GET', 'k')),
      shared.get('k'),
      connection.pipeline([command('GET', 'k')]),
      shared.mGet(['k']),
    ]);
    expect(all).toEqual([Buffer.from('v'), 'v', [Buffer.from('v')], ['v']]);
  });

  it('runs a script, whether the server knows it or not', async () => {
    const { connection, server } = await setUp();
    const script = defineScript("redis.call('SET', KEYS[1], ARGV[1]) return {KEYS[1], ARGV[1], #ARGV}");
    for (let round = 0; round < 2; round += 1) {
      expect(await connection.evaluate(script, ['k'], ['v'])).toEqual([
        Buffer.from('k'),
        Buffer.from('v'),
        1,
      ]);
      await connection.evaluate(script, ['k'], ['v']);
      await server.cli('SCRIPT', 'FLUSH');
    }
    const failing = defineScript("return redis.call('LPUSH', KEYS[1], 'a')");
    await expect(connection.evaluate(failing, ['k'], [])).rejects.toThrow(/WRONGTYPE/);
    expect(await server.cli('INFO', 'commandstats')).toMatch(/cmdstat_eval:calls=3,/);
  });

  it('walks the keys that match a glob, without KEYS', async () => {
    const { connection, server } = await setUp();
    const names = Array.from({ length: 2_000 }, (_, index) => `app:*[${index}]`);
    await connection.pipeline(names.map((name) => command('SET', name, '1')));
    await connection.pipeline([command('SET', 'app:x0', '1'), command('SET', 'other', '1')]);
    const found: string[] = [];
    for await (const batch of connection.scan('app:\\*\\[*')) found.push(...batch.map(String));
    expect([...new Set(found)].toSorted()).toEqual(names.toSorted());
    for await (const batch of connection.scan('nothing*')) expect(batch).toEqual(['never']);
    expect(await server.cli('INFO', 'commandstats')).not.toContain('cmdstat_keys');
  });

  it('carries large values and many keys', async () => {
    const { connection } = await setUp();
    const large = 'x'.repeat(5_000_000);
    await set(connection, 'large', large);
    expect((await get(connection, 'large'))?.length).toBe(large.length);
    const keys = Array.from({ length: 5_000 }, (_, index) => `k${index}`);
    expect(await connection.request({ key: 'k0', args: ['MGET', ...keys] })).toEqual(keys.map(() => null));
  });

  it('gives a further client for blocking commands, which outlives it', async () => {
    const { connection } = await setUp();
    const blocking = connection.duplicate();
    await blocking.connect();
    try {
      const taken = blocking.blPop('jobs', 5);
      await connection.request(command('RPUSH', 'jobs', 'a'));
      expect(await taken).toEqual({ key: 'jobs', element: 'a' });
      await connection.close();
      expect(await blocking.lLen('jobs')).toBe(0);
    } finally {
      blocking.destroy();
    }
  });

  it('rejects everything once it is closed', async () => {
    const { connection, events } = await setUp();
    await connection.close();
    await connection.close();
    expect(connection.available).toBe(false);
    await expect(get(connection, 'k')).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await expect(connection.pipeline([command('GET', 'k')])).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
    });
    expect(events).toEqual(['up: Redis answers']);
  });
});

describe.each(CLIENTS)('a connection of our own on %s', (_version, client) => {
  it('uses the database, the name and the user of its options', async () => {
    const server = await redis({ password: 'secret' });
    await server.cli('ACL', 'SETUSER', 'ada', 'on', '>p@ss/word', '~cache:*', '+@all');
    const url = `redis://ada:${encodeURIComponent('p@ss/word')}@127.0.0.1:${server.port}/3`;
    const { connection } = await open({ url, clientName: 'shop' }, { client });
    await set(connection, 'cache:k', 'v');
    expect(String(await connection.request(command('CLIENT', 'GETNAME')))).toBe('shop');
    expect(String(await connection.request(command('ACL', 'WHOAMI')))).toBe('ada');
    await server.cli('SELECT', 3);
    expect(await server.cli('GET', 'cache:k')).toBe('v');
    await server.cli('SELECT', 0);
  });

  it('serves a user who may do no more than the guide says', async () => {
    const server = await redis();
    const rights = [
      '+@read',
      '+@write',
      '+@connection',
      '+@transaction',
      '+@scripting',
      '+role',
      '+time',
      '+info',
    ];
    await server.cli('ACL', 'SETUSER', 'app', 'on', '>secret', '~cache:*', ...rights);
    const { connection } = await open(`redis://app:secret@127.0.0.1:${server.port}`, { client });
    await set(connection, 'cache:k', 'v');
    expect(await get(connection, 'cache:k')).toBe('v');
    await expect(get(connection, 'foreign')).rejects.toThrow(/^NOPERM/);
    expect(connection.available).toBe(true);
  });
});
