import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createClient } from 'redis';
import { findRedisServer } from '../../scripts/redis-binary.mjs';
import { median } from './bootstrap.mjs';

/**
 * Starts a redis-server of its own that keeps nothing on disk, and runs `work` with its URL. The server ends with `work`.
 *
 * @template T
 * @param {(url: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withRedis(work) {
  const binary = findRedisServer();
  if (!binary) throw new Error('No redis-server was found: run "node scripts/ensure-redis.mjs".');
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-redis-cache-bench-'));
  const port = await freePort();
  const args = [
    '--bind',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  const server = spawn(binary.path, args, { env: { ...process.env, ...binary.env }, stdio: 'ignore' });
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  try {
    const url = `redis://127.0.0.1:${port}`;
    await answers(url);
    return await work(url);
  } finally {
    process.off('exit', kill);
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * What `INFO server` calls its version.
 *
 * @param {string} url
 */
export async function serverVersion(url) {
  const client = createClient({ url });
  await client.connect();
  const info = await client.info('server');
  await client.close();
  return /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown';
}

/**
 * What a command takes of a client with nothing else to do: the median in milliseconds.
 *
 * @param {string} url
 * @param {number} [count] how many are measured
 */
export async function roundTrip(url, count = 200) {
  const client = createClient({ url });
  await client.connect();
  const times = [];
  for (let pings = 0; pings < 1.5 * count; pings++) {
    const before = performance.now();
    await client.ping();
    if (pings >= count / 2) times.push(performance.now() - before);
  }
  await client.close();
  return median(times);
}

/**
 * How often a command was run, by a script or not, since the server began.
 *
 * @param {string} url
 * @param {string} command
 */
export async function callsOf(url, command) {
  const client = createClient({ url });
  await client.connect();
  const info = await client.info('commandstats');
  await client.close();
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, 'close');
  return port;
}

/** @param {string} url */
async function answers(url) {
  const client = createClient({ url, socket: { reconnectStrategy: (tries) => tries < 100 && 50 } });
  client.on('error', () => undefined);
  await client.connect();
  await client.ping();
  await client.close();
}
