import { once } from 'node:events';
import { connect } from 'node:net';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const LENGTH = Buffer.from('\r\ncontent-length: ');

/** @typedef {{ socket: import('node:net').Socket, answered: (error?: Error) => void }} Connection */

/** @type {Map<number, Connection[]>} */
const pools = new Map();

/**
 * Sends so many GET requests for a path of a server on this machine, one after the other over each of some connections,
 * which stay open. Bare sockets: what the load itself takes is to be little beside what the server takes. Every response must be
 * a whole 200 of a known length. `cookies`: what each connection sends as its cookie.
 *
 * @param {{ port: number, path: string, connections: number, count: number, cookies?: readonly string[] }} load
 */
export async function requestMany({ port, path, connections, count, cookies = [] }) {
  const pool = await openPool(port, connections);
  const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json\r\n`;
  let left = count;
  await Promise.all(
    pool.map(async (connection, index) => {
      const cookie = cookies[index];
      const request = `${head}${cookie === undefined ? '' : `Cookie: ${cookie}\r\n`}\r\n`;
      while (left > 0) {
        left -= 1;
        await exchange(connection, request);
      }
    }),
  );
}

/** Closes the connections to a server, so that it can end. */
export function closePool(/** @type {number} */ port) {
  for (const { socket } of pools.get(port) ?? []) socket.destroy();
  pools.delete(port);
}

/**
 * @param {number} port
 * @param {number} connections
 */
async function openPool(port, connections) {
  const open = pools.get(port) ?? [];
  pools.set(port, open);
  while (open.length < connections) open.push(await openConnection(port));
  return open.slice(0, connections);
}

/**
 * @param {number} port
 * @returns {Promise<Connection>}
 */
async function openConnection(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  /** @type {Connection} */
  const connection = { socket, answered: () => undefined };
  /** @type {Buffer | undefined} */
  let received;
  socket.on('data', (chunk) => {
    received = received === undefined ? chunk : Buffer.concat([received, chunk]);
    const missing = missingBytes(received);
    if (missing > 0) return;
    const broken = missing < 0 || received.toString('latin1', 9, 12) !== '200';
    const error = broken ? new Error(`Answered: ${received.toString('latin1', 0, 200)}`) : undefined;
    received = undefined;
    connection.answered(error);
  });
  socket.on('close', () => connection.answered(new Error('The server has closed a connection.')));
  return connection;
}

/**
 * How many bytes of a response are still to come; negative = more came than belong to it.
 *
 * @param {Buffer} received
 */
function missingBytes(received) {
  const head = received.indexOf(END_OF_HEAD);
  if (head < 0) return 1;
  let at = received.indexOf(LENGTH);
  if (at < 0 || at > head)
    at = received.toString('latin1', 0, head).toLowerCase().indexOf('\r\ncontent-length: ');
  if (at < 0) return -1;
  const length = Number.parseInt(
    received.toString('latin1', at + LENGTH.length, at + LENGTH.length + 12),
    10,
  );
  return head + END_OF_HEAD.length + length - received.length;
}

/**
 * @param {Connection} connection
 * @param {string} request
 */
function exchange(connection, request) {
  return new Promise((resolve, reject) => {
    if (connection.socket.destroyed) throw new Error('The server has closed a connection.');
    connection.answered = (error) => (error === undefined ? resolve(undefined) : reject(error));
    connection.socket.write(request);
  });
}
