import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.js';
import type { RedisServer } from '../../support/redis-server.js';
import { selfSignedCertificate } from './certificate.js';
import { CLIENTS, get, hear, isTrusted, make, open, redis, set } from './harness.js';

const certificate = selfSignedCertificate('redis.internal');

/** Speaks TLS in front of a redis-server, as a managed service does. Gives its port. */
async function tlsInFrontOf(server: RedisServer, options: object = {}): Promise<number> {
  const front = createServer({ ...certificate, ...options }, (socket) => {
    const back = connect(server.port, '127.0.0.1');
    socket.pipe(back).pipe(socket);
    for (const one of [socket, back]) one.on('error', () => undefined);
    back.on('close', () => socket.destroy());
    socket.on('close', () => back.destroy());
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  onTestFinished(() => void front.close());
  return (front.address() as AddressInfo).port;
}

describe.each(CLIENTS)('TLS on %s', (_version, client) => {
  it('is spoken to a rediss:// URL, with the authority that the options trust', async () => {
    const port = await tlsInFrontOf(await redis({ password: 'secret' }));
    const socket = { ca: certificate.cert, servername: 'redis.internal' };
    const { connection } = await open({ url: `rediss://:secret@127.0.0.1:${port}`, socket }, { client });
    await set(connection, 'k', 'v');
    expect(await get(connection, 'k')).toBe('v');
  });

  it('is spoken on the invalidation channel, too', async () => {
    const server = await redis({ password: 'secret' });
    const port = await tlsInFrontOf(server);
    const socket = { ca: certificate.cert, servername: 'redis.internal' };
    const { connection } = await open({ url: `rediss://:secret@127.0.0.1:${port}`, socket }, { client });
    const told = hear(connection, 'k');
    await isTrusted(connection);
    await server.cli('SET', 'k', 'v');
    await eventually(() => expect(told.at(-1)).toBe('k'));
  });

  it('is spoken with socket.tls, and heals after the connection broke', async () => {
    const server = await redis();
    const port = await tlsInFrontOf(server);
    const tls = { tls: true, ca: certificate.cert, servername: 'redis.internal' };
    const { connection, events } = await open({ socket: { host: '127.0.0.1', port, ...tls } }, { client });
    await server.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await expect.poll(() => events.length, { timeout: 5_000 }).toBe(3);
    expect(await get(connection, 'k')).toBe(null);
  });

  it('presents a certificate where the server asks for one', async () => {
    const port = await tlsInFrontOf(await redis(), {
      requestCert: true,
      rejectUnauthorized: true,
      ca: certificate.cert,
    });
    const url = `rediss://127.0.0.1:${port}`;
    const socket = { ca: certificate.cert, servername: 'redis.internal' };
    const { connection } = await open({ url, socket: { ...socket, ...certificate } }, { client });
    expect(await get(connection, 'k')).toBe(null);
  });

  it.each([
    ['an authority that is not trusted', {}, /self.signed/i],
    ['another name', { ca: certificate.cert, servername: 'other.internal' }, /altnames/],
  ])('fails at once on a certificate of %s when Redis is required', async (_what, socket, message) => {
    const port = await tlsInFrontOf(await redis());
    const url = `rediss://127.0.0.1:${port}`;
    const { connection } = make({ url, socket, connect: 'required' }, { client });
    await expect(connection.start()).rejects.toThrow(message);
  });

  it('fails at once where TLS is spoken to a server that does not', async () => {
    const server = await redis();
    const { connection, events } = make({ url: server.url.replace('redis:', 'rediss:') }, { client });
    await connection.start();
    await expect.poll(() => events.length, { timeout: 5_000 }).toBe(1);
    expect(connection.available).toBe(false);
  });
});
