import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock, type Clock } from '../../../src/clock.js';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import type { RedisClient } from '../../../src/connection/redis-client.js';
import { spawnTypeScript } from '../../support/child-process.js';
import { eventually } from '../../support/eventually.js';
import type { RedisServer } from '../../support/redis-server.js';
import { applicationClient, CLIENTS, hear, isTrusted, isUntrusted, open, redis } from './harness.js';

/** How long the channel may be trusted after the last ping that Redis has answered. */
const TRUST = 1_000;

/** The number of the channel's connection. */
async function channelId(server: RedisServer): Promise<string> {
  const list = String(await server.cli('CLIENT', 'LIST'));
  const id = /id=(\d+) [^\n]* flags=tB /.exec(list)?.[1];
  if (id === undefined) throw new Error(`No channel in\n${list}`);
  return id;
}

/** How long after `start` the channel was last seen to be trusted, in milliseconds. */
async function lastTrusted(connection: ManagedConnection, start: number): Promise<number> {
  let last = 0;
  for (;;) {
    const now = performance.now();
    if (!connection.changes.trusted) return last;
    last = now - start;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.each(CLIENTS)('the loss of the invalidation channel on %s', (version, client) => {
  it.each(['own', 'borrowed'])('is told at once when it is killed, and healed (%s client)', async (kind) => {
    const server = await redis();
    const raw = kind === 'own' ? server.url : { client: await applicationClient(client, server.url) };
    const { connection, events } = await open(raw, { client });
    const told = hear(connection, 'p:');
    await isTrusted(connection);
    told.length = 0;
    const { epoch } = connection.changes;
    await server.cli('CLIENT', 'KILL', 'ID', await channelId(server));
    await eventually(() => expect(told[0]).toBe('lost'));
    expect(connection.available).toBe(true);
    await server.cli('SET', 'p:meanwhile', 1);
    await isTrusted(connection);
    expect(connection.changes.epoch).toBe(epoch + 3);
    expect(told.filter((one) => one === 'lost')).toHaveLength(3);
    await server.cli('SET', 'p:after', 1);
    await eventually(() => expect(told.at(-1)).toBe('p:after'));
    expect(events.map((event) => event.split(':')[0])).toEqual([
      'up',
      'channel trusted (tracking)',
      'channel down (none)',
      'channel trusted (tracking)',
    ]);
  });

  it('is told before anybody can see that it is trusted again', async () => {
    const server = await redis();
    const { connection } = await open(server.url, { client });
    const seen: boolean[] = [];
    const stop = connection.changes.listen(['p:'], {
      changed: () => undefined,
      lost: () => void seen.push(connection.changes.trusted),
    });
    onTestFinished(stop);
    await isTrusted(connection);
    await server.cli('CLIENT', 'KILL', 'ID', await channelId(server));
    await eventually(() => expect(seen).toHaveLength(5));
    expect(seen).toEqual(Array.from({ length: 5 }, () => false));
  });

  it('ends all trust in a Redis that hangs, a second after its last answer at the latest', async () => {
    const server = await redis();
    const { connection } = await open(server.url, { client });
    const told = hear(connection, 'p:');
    await isTrusted(connection);
    told.length = 0;
    server.pause();
    const start = performance.now();
    // The stop itself takes a moment, in which Redis may still answer.
    expect(await lastTrusted(connection, start)).toBeLessThan(TRUST + 100);
    await eventually(() => expect(told).toContain('lost'));
    server.resume();
    await isTrusted(connection);
    await server.cli('SET', 'p:a', 1);
    await eventually(() => expect(told.at(-1)).toBe('p:a'));
  });

  it('ends all trust in a Redis whose clients are paused', async () => {
    const server = await redis();
    const { connection } = await open(server.url, { client });
    hear(connection, 'p:');
    await isTrusted(connection);
    await server.cli('CLIENT', 'PAUSE', 2_500, 'ALL');
    const start = performance.now();
    expect(await lastTrusted(connection, start)).toBeLessThan(TRUST + 100);
    await isTrusted(connection);
  });

  it('ends all trust in a node that becomes a replica, until it is a primary again', async () => {
    const [server, other] = await Promise.all([redis(), redis()]);
    const { connection, events } = await open(server.url, { client });
    hear(connection, 'p:');
    await isTrusted(connection);
    await server.cli('REPLICAOF', '127.0.0.1', other.port);
    await isUntrusted(connection);
    await eventually(() => expect(events.at(-1)).toMatch(/^channel down \(none\): the node is no primary/));
    await server.cli('REPLICAOF', 'NO', 'ONE');
    await isTrusted(connection);
  });

  it('is survived by a restart of Redis', async () => {
    const server = await redis();
    const { connection } = await open(server.url, { client });
    const told = hear(connection, 'p:');
    await isTrusted(connection);
    await server.kill();
    await isUntrusted(connection);
    await server.start();
    await isTrusted(connection);
    await server.cli('SET', 'p:a', 1);
    await eventually(() => expect(told.at(-1)).toBe('p:a'));
  });

  it('is what a process sees first that was stopped itself', async () => {
    const server = await redis();
    const child = spawnTypeScript(new URL('./channel.child.ts', import.meta.url), [version, server.url]);
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => (output += text.toString()));
    }
    const ended = once(child, 'exit');
    await eventually(() => expect(output).toContain('trusted\n'), { timeout: 20_000 });
    child.kill('SIGSTOP');
    await server.cli('SET', 'p:while it slept', 1);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    child.kill('SIGCONT');
    await ended;
    expect(output).toMatch(/^trusted\nwoke up untrusted\ntrusted again, told .*p:while it slept/);
  }, 60_000);
});

/** The clock of this machine, on which every wait is a tenth, with what waits for it. */
function hastyClock(): { clock: Clock; pending: Set<() => void> } {
  const pending = new Set<() => void>();
  const schedule: Clock['schedule'] = (delay, callback, awake) => {
    const due = (): void => {
      pending.delete(due);
      callback();
    };
    pending.add(due);
    const cancel = systemClock.schedule(delay / 10, due, awake);
    return () => {
      pending.delete(due);
      cancel();
    };
  };
  return { clock: { ...systemClock, schedule }, pending };
}

/** The clients that are made for channels from now on. */
function watchChannels(connection: ManagedConnection): RedisClient[] {
  const made: RedisClient[] = [];
  const shared = connection.client as RedisClient;
  const duplicate = shared.duplicate.bind(shared);
  shared.duplicate = ((overrides: object) => {
    const client = duplicate(overrides) as RedisClient;
    made.push(client);
    return client;
  }) as never;
  return made;
}

function listenersOf(client: RedisClient): Record<string, number> {
  return Object.fromEntries(client.eventNames().map((name) => [String(name), client.listenerCount(name)]));
}

describe.each(CLIENTS)('what the invalidation channel leaves behind on %s', (_version, client) => {
  it('is nothing, after a hundred losses', async () => {
    const server = await redis();
    const { clock, pending } = hastyClock();
    const { connection } = await open(server.url, { client, clock });
    const channels = watchChannels(connection);
    hear(connection, 'p:');
    await isTrusted(connection);
    const [own] = channels as [RedisClient];
    const listeners = listenersOf(own);
    for (let count = 0; count < 100; count += 1) {
      const { epoch } = connection.changes;
      // A busy machine may lose the channel by itself at this pace.
      await server.cli('CLIENT', 'KILL', 'ID', await eventually(() => channelId(server)));
      await eventually(() => expect(connection.changes.epoch).toBeGreaterThanOrEqual(epoch + 3));
      await isTrusted(connection);
    }
    expect(listenersOf(own)).toEqual(listeners);
    expect(channels).toHaveLength(1);
    expect(
      String(await server.cli('CLIENT', 'LIST'))
        .trim()
        .split('\n'),
    ).toHaveLength(3);
    await connection.close();
    expect(pending.size).toBe(0);
    await eventually(async () => {
      expect(
        String(await server.cli('CLIENT', 'LIST'))
          .trim()
          .split('\n'),
      ).toHaveLength(1);
    });
  }, 60_000);

  it('is nothing, after it was opened and closed a hundred times', async () => {
    const server = await redis();
    const { connection } = await open(server.url, { client });
    const channels = watchChannels(connection);
    for (let count = 0; count < 100; count += 1) {
      const stop = connection.changes.listen(['p:'], { changed: () => undefined, lost: () => undefined });
      if (count % 2 === 0) await isTrusted(connection);
      stop();
    }
    expect(channels).toHaveLength(100);
    await eventually(async () => {
      expect(
        String(await server.cli('CLIENT', 'LIST'))
          .trim()
          .split('\n'),
      ).toHaveLength(2);
    });
    expect(channels.filter(({ isOpen }) => isOpen)).toEqual([]);
  });
});
