import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RedisServer } from '../../support/redis-server.js';
import { eventually } from '../../support/eventually.js';
import { CLIENTS, get, hear, isTrusted, isUntrusted, isUp, open, redis, set } from './harness.js';

/** One address that leads to one server or another: a socket stays where it was led to. */
async function oneAddress(first: RedisServer): Promise<{ url: string; leadTo(server: RedisServer): void }> {
  let { port } = first;
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => other.destroy());
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return {
    url: `redis://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    leadTo: (server) => void ({ port } = server),
  };
}

/** Closes those connections of a server that tell of changes, or the others. */
async function kill(server: RedisServer, which: 'channels' | 'calls'): Promise<void> {
  const list = String(await server.cli('CLIENT', 'LIST'));
  for (const [line, id = ''] of list.matchAll(/^id=(\d+) .*$/gm)) {
    const isChannel = / flags=\S*t/.test(line);
    const isOurs = !/ cmd=client/.test(line) || isChannel;
    if (isOurs && isChannel === (which === 'channels')) await server.cli('CLIENT', 'KILL', 'ID', id);
  }
}

describe.each(CLIENTS)('a failover behind one address on %s', (_version, client) => {
  it('leaves no trust in changes of one node for what is read of another one', async () => {
    const [former, next] = [await redis(), await redis()];
    const address = await oneAddress(former);
    const { connection } = await open(address.url, { client });
    const told = hear(connection, 'p:');
    await isTrusted(connection);
    address.leadTo(next);
    const { epoch } = connection.changes;
    await kill(former, 'channels');
    // It finds the new node, more than once, and calls are still answered by the old one.
    await eventually(() => expect(connection.changes.epoch).toBeGreaterThan(epoch + 4), { timeout: 10_000 });
    expect(connection.changes.trusted).toBe(false);
    await set(connection, 'p:a', 'former');
    expect(await former.cli('GET', 'p:a')).toBe('former');
    await kill(former, 'calls');
    await isTrusted(connection);
    await isUp(connection);
    expect(await get(connection, 'p:a')).toBeNull();
    await next.cli('SET', 'p:a', 'next');
    await eventually(() => expect(told.at(-1)).toBe('p:a'));
  });

  it('ends the trust when calls go to the new node while the old one still tells', async () => {
    const [former, next] = [await redis(), await redis()];
    const address = await oneAddress(former);
    const { connection } = await open(address.url, { client });
    const told = hear(connection, 'p:');
    await isTrusted(connection);
    address.leadTo(next);
    await kill(former, 'calls');
    await eventually(
      async () => {
        await next.cli('SET', 'p:a', 'next');
        expect(told.at(-1)).toBe('p:a');
      },
      { timeout: 10_000 },
    );
    expect(connection.changes.trusted).toBe(true);
  });

  it('is followed though the old node closes no connection', async () => {
    const [former, next] = [await redis(), await redis()];
    const address = await oneAddress(former);
    const { connection } = await open(address.url, { client });
    const told = hear(connection, 'p:');
    await isTrusted(connection);
    address.leadTo(next);
    await former.cli('REPLICAOF', '127.0.0.1', next.port);
    await isUntrusted(connection);
    // A write is refused there, which is how calls find the new node.
    await set(connection, 'p:a', 'refused').catch(() => undefined);
    await isTrusted(connection);
    await set(connection, 'p:b', 'next');
    await eventually(() => expect(told.at(-1)).toBe('p:b'));
  });
});
