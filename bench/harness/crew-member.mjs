// One process of a crew: does what `withCrew`'s caller asks, until it is let go.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { nodeRedis } from '../contenders/node-redis.mjs';
import { readThrough } from '../contenders/read-through.mjs';
import { now, until } from './monotonic.mjs';
import { sampleValue } from './sample-values.mjs';

/** @typedef {import('../contenders/read-through.mjs').ReadThroughName} ReadThroughName */

/**
 * What a process can be asked for.
 *
 * @typedef {'timer' | 'copies'} Control In place of a cache: one load of this process for all callers; with `copies` each of
 *   them parses one of its own.
 * @typedef {{ type: 'open', name: ReadThroughName, url: string }} Open Makes a cache. Answers how it is called.
 * @typedef {{ type: 'herd', name: ReadThroughName | Control, key: string, callers: number, load: number, at: number }} Herd
 *   Asks for a cold key with many callers at the moment `at`; the loader takes `load` ms. Answers `HerdResult`.
 * @typedef {{ type: 'remember', name: ReadThroughName, key: string }} Remember Reads a key until its memory has it.
 * @typedef {{ type: 'watch', name: ReadThroughName, key: string }} Watch Looks until its memory has a key no more.
 *   Answers `WatchResult`.
 * @typedef {{ type: 'read', url: string }} Read Gets a key every millisecond with a bare client from now on.
 * @typedef {{ type: 'stop' }} Stop Ends that. Answers `ReadResult[]`.
 * @typedef {{ type: 'serve', platform: import('../contenders/web-apps.mjs').Platform, cache: import('../contenders/web-apps.mjs').CacheKind, url: string }} Serve
 *   Starts an application. Answers `Serving`.
 * @typedef {{ type: 'serveSessions', platform: import('../contenders/web-apps.mjs').Platform, kind: import('../contenders/session-apps.mjs').SessionKind, rolling: boolean, url: string }} ServeSessions
 *   Starts an application with sessions. Answers `Serving`.
 * @typedef {{ type: 'usage' }} Usage Answers `UsageResult`.
 * @typedef {Open | Herd | Remember | Watch | Read | Stop | Serve | ServeSessions | Usage} Order
 */

/** @typedef {{ latencies: number[], loads: number }} HerdResult In milliseconds; how often the loader ran. */
/** @typedef {{ since: number, clean: number }} WatchResult Moments of the monotonic clock. */
/** @typedef {{ name: string, port: number }} Serving */
/** @typedef {{ cpu: number, runs: number }} UsageResult CPU time of the process in microseconds; how often the handler ran. */
/** @typedef {{ at: number, took: number }} ReadResult When it was sent, by the monotonic clock, and how long it took. */

/** @type {Map<string, import('../contenders/contender.mjs').CacheUnderTest>} */
const caches = new Map();
/** @type {Map<string, import('../contenders/contender.mjs').CacheUnderTest>} */
const clients = new Map();
/** @type {import('../contenders/web-apps.mjs').WebApp | undefined} */
let app;
/** @type {{ going: boolean, ended: Promise<ReadResult[]> } | undefined} */
let reading;

process.on('message', (/** @type {{ id: number, order: Order }} */ { id, order }) => {
  obey(order).then(
    (answer) => process.send?.({ id, answer }),
    (error) => process.send?.({ id, error: error instanceof Error ? error.stack : String(error) }),
  );
});

process.on('disconnect', () => process.exit());

/** @param {Order} order */
async function obey(order) {
  switch (order.type) {
    case 'open':
      return open(order);
    case 'herd':
      return herd(order);
    case 'remember':
      return remember(order);
    case 'watch':
      return watch(order);
    case 'read':
      return read(order);
    case 'stop':
      return stop();
    case 'serve':
      return serve(order);
    case 'serveSessions':
      return serveSessions(order);
    case 'usage':
      return usage();
  }
}

/** @param {Open} order */
async function open({ name, url }) {
  const cache = await readThrough(name, url);
  caches.set(name, cache);
  return cache.name;
}

/**
 * @param {Herd} order
 * @returns {Promise<HerdResult>}
 */
async function herd({ name, key, callers, load, at }) {
  let loads = 0;
  const loader = async () => {
    loads += 1;
    await sleep(load);
    return sampleValue(loads, 1_024);
  };
  const ask = asking(name, key, loader);
  await until(at);
  const latencies = await Promise.all(
    Array.from({ length: callers }, async () => {
      const before = now();
      await ask();
      return now() - before;
    }),
  );
  return { latencies, loads };
}

/** @param {Remember} order */
async function remember({ name, key }) {
  const cache = cacheOf(name);
  while (cache.remembers?.(key) !== true) {
    await cache.get(key);
    await turn();
  }
}

/**
 * @param {Watch} order
 * @returns {Promise<WatchResult>}
 */
async function watch({ name, key }) {
  const cache = cacheOf(name);
  const since = now();
  while (cache.remembers?.(key) === true) await turn();
  return { since, clean: now() };
}

/** @param {Read} order */
async function read({ url }) {
  const client = clients.get(url) ?? (await connect(url));
  const state = { going: true, ended: Promise.resolve(/** @type {ReadResult[]} */ ([])) };
  state.ended = (async () => {
    /** @type {ReadResult[]} */
    const results = [];
    while (state.going) {
      const at = now();
      await client.get('of-somebody-else');
      results.push({ at, took: now() - at });
      await sleep(1);
    }
    return results;
  })();
  reading = state;
}

async function stop() {
  if (reading !== undefined) reading.going = false;
  return reading?.ended;
}

/**
 * @param {Serve} order
 * @returns {Promise<Serving>}
 */
async function serve({ platform, cache, url }) {
  const { startWebApp } = await import('../contenders/web-apps.mjs');
  app = await startWebApp(platform, cache, url);
  return { name: app.name, port: app.port };
}

/**
 * @param {ServeSessions} order
 * @returns {Promise<Serving>}
 */
async function serveSessions({ platform, ...options }) {
  const { startSessionApp } = await import('../contenders/session-apps.mjs');
  app = await startSessionApp(platform, options);
  return { name: app.name, port: app.port };
}

/** @returns {UsageResult} */
function usage() {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, runs: app?.runs() ?? 0 };
}

/** @param {string} url */
async function connect(url) {
  const client = await nodeRedis(url, { timeout: 0 });
  await client.set('of-somebody-else', sampleValue(1, 1_024));
  clients.set(url, client);
  return client;
}

/** @param {string} name */
function cacheOf(name) {
  const cache = caches.get(name);
  if (cache === undefined) throw new Error(`There is no cache ${name} here.`);
  return cache;
}

/**
 * @param {ReadThroughName | Control} name
 * @param {string} key
 * @param {() => Promise<object>} loader
 * @returns {() => unknown}
 */
function asking(name, key, loader) {
  if (name !== 'timer' && name !== 'copies') return () => cacheOf(name).load?.(key, loader);
  /** @type {Promise<object> | undefined} */
  let loaded;
  if (name === 'timer') return () => (loaded ??= loader());
  /** @type {Promise<string> | undefined} */
  let text;
  return async () => {
    text ??= loader().then((value) => JSON.stringify(value));
    return /** @type {unknown} */ (JSON.parse(await text));
  };
}
