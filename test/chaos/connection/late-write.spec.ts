import { describe, expect, it } from 'vitest';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import type { CreateClient } from '../../../src/connection/redis-client.js';
import { eventually } from '../../support/eventually.js';
import type { RedisServer } from '../../support/redis-server.js';
import { applicationClient, CLIENTS, get, isDown, isUp, open, outcomes, redis, set } from './harness.js';
import { slowNetwork, type SlowNetwork } from './slow-network.js';

const BREAKER = { timeouts: 1, reconnectAfter: '100ms' };

interface Late {
  readonly server: RedisServer;
  readonly network: SlowNetwork;
  readonly connection: ManagedConnection;
  /** What listeners of `onUp` were told, in order. */
  readonly ups: boolean[];
}

async function setUp(client: CreateClient, user = ''): Promise<Late> {
  const server = await redis();
  const rights = ['+@all', '-client|info', '-client|kill'];
  await server.cli('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', ...rights);
  const network = await slowNetwork(server.port);
  const url = network.url.replace('//', `//${user}`);
  const { connection } = await open({ url, deadline: '300ms', breaker: BREAKER }, { client });
  const ups: boolean[] = [];
  connection.onUp((voided) => ups.push(voided));
  return { server, network, connection, ups };
}

/** A write that is on its way when its socket is given up; the next socket is fine. */
async function writeLate({ connection, network, ups }: Late, value: string): Promise<void> {
  const before = ups.length;
  network.hold();
  expect(await outcomes(1, () => set(connection, 'k', value))).not.toEqual(['ok']);
  await isDown(connection);
  await isUp(connection);
  await eventually(() => expect(ups.length).toBeGreaterThan(before));
}

/** Whether what has just been delivered takes effect. */
async function arrives(server: RedisServer, value: string): Promise<boolean> {
  const found = await eventually(
    async () => {
      const now = await server.cli('GET', 'k');
      expect(now).toBe(value);
      return true;
    },
    { timeout: 500 },
  ).catch(() => false);
  return found;
}

describe.each(CLIENTS)('a write that is late on %s', (_version, client) => {
  it('takes no effect after the connection has come up again', async () => {
    const late = await setUp(client);
    await writeLate(late, 'late');
    await set(late.connection, 'k', 'newer');
    late.network.deliver();
    expect(await arrives(late.server, 'late')).toBe(false);
    expect(await get(late.connection, 'k')).toBe('newer');
    expect(late.ups).not.toContain(false);
  });

  it('is made void as often as it happens', async () => {
    const late = await setUp(client);
    for (const value of ['late 1', 'late 2', 'late 3']) await writeLate(late, value);
    await set(late.connection, 'k', 'newer');
    late.network.deliver();
    expect(await arrives(late.server, 'late 3')).toBe(false);
    expect(await get(late.connection, 'k')).toBe('newer');
    expect(late.ups).not.toContain(false);
  });

  it('may take effect where Redis does not permit to kill connections, and listeners know it', async () => {
    const late = await setUp(client, 'app:secret@');
    await writeLate(late, 'late');
    late.network.deliver();
    expect(await arrives(late.server, 'late')).toBe(true);
    expect(late.ups).toContain(false);
  });

  it('is made void for a borrowed client that has replaced its socket, too', async () => {
    const server = await redis();
    const network = await slowNetwork(server.port);
    const shared = await applicationClient(client, network.url);
    const { connection } = await open({ client: shared, deadline: '300ms', breaker: BREAKER });
    const ups: boolean[] = [];
    connection.onUp((voided) => ups.push(voided));
    network.hold();
    expect(await outcomes(1, () => set(connection, 'k', 'late'))).not.toEqual(['ok']);
    shared.destroy();
    await isDown(connection);
    await shared.connect();
    await isUp(connection);
    await eventually(() => expect(ups.at(-1)).toBe(true));
    await set(connection, 'k', 'newer');
    network.deliver();
    expect(await arrives(server, 'late')).toBe(false);
    expect(await get(connection, 'k')).toBe('newer');
  });
});

describe.each(CLIENTS)('clients of others on %s', (_version, client) => {
  it('are not killed when a server that was started anew counts its clients from one again', async () => {
    const server = await redis();
    const { connection } = await open(server.url, { client });
    let ups = 0;
    connection.onUp(() => (ups += 1));
    await server.restart();
    await eventually(() => expect(ups).toBe(1));
    expect(await server.cli('INFO', 'commandstats')).not.toContain('cmdstat_client|kill');
  });
});
