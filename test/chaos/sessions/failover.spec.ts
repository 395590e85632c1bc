import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Browser, platforms } from '../../e2e/session/session-app.js';
import { eventually } from '../../support/eventually.js';
import type { RedisServer } from '../../support/redis-server.js';
import { Ends, fieldsOf, Gate, keyOf, LIMIT, PATIENCE } from './site.js';

const PREFIX = 'site';

/** One address that leads to one server or another: a socket stays where it was led to. */
async function oneAddress(first: RedisServer, ends: Ends) {
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
  ends.add(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return {
    url: `redis://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    leadTo: (server: RedisServer) => void ({ port } = server),
  };
}

describe.each(platforms)('a failover behind one address, under sessions on %s', (platform) => {
  const ends = new Ends();
  afterEach(() => ends.run());

  it(
    'fails what comes meanwhile, and then all have their sessions, and all that is saved is kept',
    LIMIT,
    async () => {
      const [master, replica] = [await ends.redis(), await ends.redis()];
      await replica.cli('REPLICAOF', '127.0.0.1', master.port);
      const address = await oneAddress(master, ends);
      const session = { prefix: PREFIX };
      const host = await ends.local({ platform, redis: address.url, session, deadline: 1_000 });
      const visitor = new Browser(host.url);
      expect((await visitor.get('/set/first')).status).toBe(200);
      const cookie = visitor.cookies.get('sid');
      const stored = await master.cli('HGETALL', keyOf(visitor, PREFIX));
      expect(stored).not.toEqual([]);
      await eventually(async () => {
        expect(await replica.cli('HGETALL', keyOf(visitor, PREFIX))).toEqual(stored);
      }, PATIENCE);
      const gate = new Gate(host);
      const early = visitor.get(`/set/early?hold=${gate.name}`);
      const lateGate = new Gate(host);
      const late = visitor.get(`/set/late?hold=${lateGate.name}`);
      await gate.reached();
      await lateGate.reached();

      address.leadTo(replica);
      await master.kill();
      await gate.open();
      expect((await early).status).toBe(503);
      // Nobody writes to a replica.
      const stranger = new Browser(host.url);
      for (const browser of [visitor, stranger])
        expect((await browser.get('/set/meanwhile')).status).toBe(503);
      expect([visitor.cookies.get('sid'), stranger.cookies.size]).toEqual([cookie, 0]);

      await replica.cli('REPLICAOF', 'NO', 'ONE');
      await eventually(async () => {
        expect((await new Browser(host.url).get('/set/a')).status).toBe(200);
      }, PATIENCE);
      await lateGate.open();
      expect((await late).status).toBe(200);
      expect(await fieldsOf(visitor)).toEqual(['first', 'late']);
      expect(visitor.cookies.get('sid')).toBe(cookie);
    },
  );
});
