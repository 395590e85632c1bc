import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * Puts a link in front of a Redis on which every answer takes `delay` ms longer, and runs `work` with the URL of its other
 * end. How many round trips something takes shows in how much longer it takes.
 *
 * @template T
 * @param {string} url
 * @param {number} delay
 * @param {(url: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withSlowLink(url, delay, work) {
  const { hostname, port, pathname } = new URL(url);
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  const server = createServer((client) => {
    const redis = connect(Number(port), hostname);
    client.pipe(redis);
    redis.on('data', (bytes) => setTimeout(() => client.write(bytes), delay));
    for (const socket of [client, redis]) {
      socket.setNoDelay();
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('close', () => redis.destroy());
    redis.on('close', () => setTimeout(() => client.destroy(), delay + 1));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  try {
    return await work(`redis://127.0.0.1:${address.port}${pathname}`);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}
