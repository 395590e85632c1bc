import { BasicClientSideCache } from 'redis';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { CHANGE_TOPIC, TELL_LUA } from '../../src/connection/change-message.js';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import type { CreateClient, RedisClient } from '../../src/connection/redis-client.js';
import { defineScript } from '../../src/connection/script.js';
import {
  applicationClient,
  CLIENTS,
  hear,
  isTrusted,
  isUp,
  open,
  redis,
  set,
  type Opened,
} from '../chaos/connection/harness.js';
import { eventually } from '../support/eventually.js';
import type { RedisServer, RedisServerOptions } from '../support/redis-server.js';

const WAYS = {
  TCP: (server) => ({ url: server.url }),
  'a unix socket': (server) => ({ socket: { path: server.socketPath }, password: 'secret' }),
  'a borrowed client': async (server, client) => ({ client: await applicationClient(client, server.url) }),
} satisfies Record<string, (server: RedisServer, client: CreateClient) => object>;

const cases = CLIENTS.flatMap(([version, client]) =>
  Object.entries(WAYS).map(([way, raw]) => ({ version, client, way, raw })),
);

interface Channel extends Opened {
  readonly server: RedisServer;
  readonly told: string[];
}

describe.each(cases)('the invalidation channel by $way on $version', ({ client, raw }) => {
  async function setUp(options: RedisServerOptions = {}): Promise<Channel> {
    const server = await redis({ password: 'secret', ...options });
    const opened = await open({ ...(await raw(server, client)), deadline: '5s' }, { client });
    const told = hear(opened.connection, 'p:v:', 'p:t:');
    await isTrusted(opened.connection);
    told.length = 0;
    return { ...opened, server, told };
  }

  it('tells what others do to keys, and nothing of other keys', async () => {
    const { server, told } = await setUp();
    const steps: [string, ...(string | number)[]][] = [
      ['SET', 'p:v:set', 1],
      ['SET', 'other', 1],
      ['SET', 'p:l:lease', 1],
      ['APPEND', 'p:v:appended', 'x'],
      ['RENAME', 'p:v:set', 'p:v:é'],
      ['PEXPIRE', 'p:v:é', 100_000],
      ['DEL', 'p:v:é'],
      ['INCR', 'p:t:{c}:tag'],
      ['UNLINK', 'p:t:{c}:tag'],
    ];
    for (const step of steps) await server.cli(...step);
    const keys = ['set', 'appended', 'set', 'é', 'é', 'é'].map((key) => `p:v:${key}`);
    await eventually(() => {
      expect(told.toSorted()).toEqual([...keys, 'p:t:{c}:tag', 'p:t:{c}:tag'].toSorted());
    });
  });

  it('tells of keys that expire and that are evicted', async () => {
    const { server, told } = await setUp();
    await server.cli('SET', 'p:v:short', 1, 'PX', 1);
    await eventually(() => expect(told.filter((key) => key === 'p:v:short')).toHaveLength(2));
    await server.cli('SET', 'p:v:evicted', 'x'.repeat(100_000));
    await eventually(() => expect(told).toContain('p:v:evicted'));
    told.length = 0;
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
    await server.cli('CONFIG', 'SET', 'maxmemory', 1);
    await server.cli('SET', 'p:v:last', 1).catch(() => undefined);
    await eventually(() => expect(told).toContain('p:v:evicted'));
  });

  it.each(['FLUSHDB', 'FLUSHALL'])('tells of %s that anything may have changed', async (command) => {
    const { server, told, connection } = await setUp();
    const { epoch } = connection.changes;
    await server.cli(command);
    await eventually(() => expect(told).toEqual(['lost']));
    expect(connection.changes.epoch).toBe(epoch + 1);
    expect(connection.changes.trusted).toBe(true);
  });

  it('tells of a write of others that is followed by one of our own in the same turn', async () => {
    const { server, told, connection } = await setUp();
    for (let count = 0; count < 200; count += 1) {
      const key = `p:v:${count}`;
      await Promise.all([server.cli('SET', key, 'theirs'), set(connection, key, 'ours')]);
    }
    await eventually(() => expect(new Set(told).size).toBe(200));
  });

  it('tells of what a script does and of our own writes', async () => {
    const { told, connection } = await setUp();
    const script = defineScript("for _, key in ipairs(KEYS) do redis.call('SET', key, '1') end");
    await connection.evaluate(script, ['p:v:1', 'p:v:2', 'x'], []);
    await eventually(() => expect(told.toSorted()).toEqual(['p:v:1', 'p:v:2']));
  });

  it('hears of the keys of further hearers, and of the old ones still', async () => {
    const { server, told, connection } = await setUp();
    const others = hear(connection, 'q:');
    await isTrusted(connection);
    others.length = told.length = 0;
    for (const key of ['p:v:a', 'q:a']) await server.cli('SET', key, 1);
    await eventually(() => expect([told, others]).toEqual([['p:v:a'], ['q:a']]));
  });
});

describe.each(CLIENTS)('the invalidation channel on %s', (_version, client) => {
  it('is opened for those who listen, by one more connection, and closed after them', async () => {
    const server = await redis();
    const { connection } = await open(server.url, { client });
    const clients = async (): Promise<number> =>
      Number(/connected_clients:(\d+)/.exec(String(await server.cli('INFO', 'clients')))?.[1]);
    const before = await clients();
    const hearer = { changed: () => undefined, lost: () => undefined };
    const stops = ['a:', 'b:', 'c:'].map((prefix) => connection.changes.listen([prefix], hearer));
    await isTrusted(connection);
    expect(await clients()).toBe(before + 1);
    for (const stop of stops) stop();
    await eventually(async () => expect(await clients()).toBe(before));
    expect(connection.changes.trusted).toBe(false);
    hear(connection, 'a:');
    await isTrusted(connection);
    await connection.close();
    await eventually(async () => expect(await clients()).toBe(1));
    expect(connection.changes.trusted).toBe(false);
  });

  it('leaves the database of a connection alone: changes in all of them are told', async () => {
    const server = await redis();
    const { connection } = await open(`${server.url}/3`, { client });
    const told = hear(connection, 'p:');
    await isTrusted(connection);
    await set(connection, 'p:ours', 'v');
    await eventually(() => expect(told.at(-1)).toBe('p:ours'));
  });

  it('is not needed to learn the time of Redis', async () => {
    const server = await redis();
    const clock = { ...systemClock, now: () => Date.now() - 3_600_000 };
    const { connection } = await open(server.url, { client, clock });
    const [seconds, micros] = (await server.cli('TIME')) as [string, string];
    const time = Number(seconds) * 1_000 + Number(micros) / 1_000;
    expect(Math.abs(connection.now() - time)).toBeLessThan(1_000);
    expect(Number.isInteger(connection.now())).toBe(true);
  });

  it('is made of a borrowed client that speaks RESP3 and remembers by itself, too', async () => {
    const server = await redis();
    const options = {
      url: server.url,
      RESP: 3,
      clientSideCache: new BasicClientSideCache(),
      pingInterval: 50,
    };
    const shared = client(options as never) as RedisClient;
    shared.on('error', () => undefined);
    await shared.connect();
    const { connection } = await open({ client: shared });
    const told = hear(connection, 'p:');
    await isTrusted(connection);
    await server.cli('SET', 'p:a', 1);
    await eventually(() => expect(told.at(-1)).toBe('p:a'));
    await connection.close();
    expect(await shared.ping()).toBe('PONG');
    shared.destroy();
  });
});

const GUIDE = [
  '+@read',
  '+@write',
  '+@connection',
  '+@transaction',
  '+@scripting',
  '+role',
  '+time',
  '+info',
];
const TELL = defineScript(`${TELL_LUA}
  for _, key in ipairs(KEYS) do redis.call('SET', key, '1') end
  tell(ARGV[1], ARGV[2], KEYS)`);

describe.each(CLIENTS)('the rights of a user on %s', (_version, client) => {
  async function setUp(...rights: string[]): Promise<{ server: RedisServer; login: () => Promise<Opened> }> {
    const server = await redis();
    await server.cli('ACL', 'SETUSER', 'app', 'on', '>secret', '~p:*', '~cache:*', ...rights);
    const url = `redis://app:secret@127.0.0.1:${server.port}`;
    return { server, login: () => open({ url, deadline: '5s' }, { client }) };
  }

  function write(connection: ManagedConnection, ...keys: string[]): Promise<unknown> {
    const { voice } = connection.changes;
    return connection.evaluate(TELL, keys, [voice.topic, voice.next()]);
  }

  it('as the guide has them are enough to track keys', async () => {
    const { server, login } = await setUp(...GUIDE);
    const { connection, events } = await login();
    const told = hear(connection, 'p:');
    await isTrusted(connection);
    await server.cli('SET', 'p:a', 1);
    await eventually(() => expect(told.at(-1)).toBe('p:a'));
    expect(events).toContain('channel trusted (tracking): Redis tracks keys');
    expect(connection.changes.voice.topic).toBe('');
  });

  it('without CLIENT TRACKING make processes tell each other', async () => {
    const { server, login } = await setUp(...GUIDE, '-client|tracking', '+@pubsub', `&${CHANGE_TOPIC}`);
    const [one, two] = [await login(), await login()];
    const told = [hear(one.connection, 'p:'), hear(two.connection, 'p:v:')] as const;
    await Promise.all([isTrusted(one.connection), isTrusted(two.connection)]);
    expect(one.events.at(-1)).toMatch(/^channel trusted \(messages\): NOPERM .*tracking/);
    for (const list of told) list.length = 0;
    const keys = ['p:v:1:2', 'p:t:\n:é', 'p:v:'];
    await write(two.connection, ...keys);
    await eventually(() => expect(told).toEqual([keys, ['p:v:1:2', 'p:v:']]));
    // Nobody tells of what others write past the library.
    await server.cli('SET', 'p:v:foreign', 1);
    await write(one.connection, 'p:v:last');
    await eventually(() => expect(told.map((list) => list.at(-1))).toEqual(['p:v:last', 'p:v:last']));
    expect(told.flat()).not.toContain('p:v:foreign');
  });

  it.each<[string, (server: RedisServer, told: string[]) => Promise<unknown>]>([
    ['is killed', (server) => server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')],
    [
      'hangs',
      async (server, told) => {
        server.pause();
        await eventually(() => expect(told).toContain('lost'));
        server.resume();
      },
    ],
  ])('without CLIENT TRACKING: messages are heard after the channel %s', async (_what, lose) => {
    const { server, login } = await setUp(...GUIDE, '-client|tracking', '+@pubsub', `&${CHANGE_TOPIC}`);
    const [one, two] = [await login(), await login()];
    const told = hear(one.connection, 'p:');
    await isTrusted(one.connection);
    told.length = 0;
    await lose(server, told);
    await eventually(() => expect(told).toContain('lost'));
    await isTrusted(one.connection);
    await isUp(two.connection);
    await write(two.connection, 'p:a');
    await eventually(() => expect(told.at(-1)).toBe('p:a'));
    expect(told.filter((key) => key === 'p:a')).toHaveLength(1);
  });

  it('without CLIENT TRACKING: a message that got lost makes everything suspect, once', async () => {
    const { login } = await setUp(...GUIDE, '-client|tracking', '+@pubsub', `&${CHANGE_TOPIC}`);
    const [one, two] = [await login(), await login()];
    for (const { connection } of [one, two]) hear(connection, 'p:');
    const told = hear(one.connection, 'p:');
    await Promise.all([isTrusted(one.connection), isTrusted(two.connection)]);
    told.length = 0;
    const { epoch } = one.connection.changes;
    await write(two.connection, 'p:1');
    two.connection.changes.voice.next();
    await write(two.connection, 'p:2');
    await write(two.connection, 'p:3');
    await eventually(() => expect(told).toEqual(['p:1', 'lost', 'p:3']));
    expect(one.connection.changes.epoch).toBe(epoch + 1);
    expect(one.connection.changes.trusted).toBe(true);
  });

  it.each([
    ['and without SUBSCRIBE', ['-client|tracking', '+publish', `&${CHANGE_TOPIC}`]],
    ['and without PUBLISH', ['-client|tracking', '+subscribe', `&${CHANGE_TOPIC}`]],
    ['and without the topic', ['-client|tracking', '+@pubsub', 'resetchannels']],
  ])('without CLIENT TRACKING %s leave nothing to trust, which is told once', async (_what, rights) => {
    const { login } = await setUp(...GUIDE, ...rights);
    const { connection, events } = await login();
    hear(connection, 'p:');
    await eventually(() => expect(events.at(-1)).toMatch(/^channel down \(none\): NOPERM .*; NOPERM /));
    expect(connection.changes.trusted).toBe(false);
    await write(connection, 'p:a');
    expect(events).toHaveLength(2);
    expect(connection.available).toBe(true);
  });

  it('without ROLE and TIME are enough to track keys', async () => {
    const { server, login } = await setUp('+@read', '+@write', '+@connection', '+@scripting');
    const { connection } = await login();
    const told = hear(connection, 'p:');
    await isTrusted(connection);
    await server.cli('SET', 'p:a', 1);
    await eventually(() => expect(told.at(-1)).toBe('p:a'));
  });

  it('without TIME make the clock of this machine do', async () => {
    const { login } = await setUp(...GUIDE, '-time');
    const { connection } = await login();
    const before = Date.now();
    const now = connection.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
    expect(connection.available).toBe(true);
  });
});
