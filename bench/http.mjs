import assert from 'node:assert/strict';
import { PATH } from './contenders/web-apps.mjs';
import { comparisonSection } from './harness/comparison-section.mjs';
import { withCrew } from './harness/crew.mjs';
import { packageVersion } from './harness/environment.mjs';
import { closePool, requestMany } from './harness/http-load.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { atLeast } from './harness/target.mjs';

/** @typedef {import('./contenders/web-apps.mjs').Platform} Platform */
/** @typedef {import('./harness/crew.mjs').Member} Member */
/** @typedef {import('./harness/crew-member.mjs').Serving} Serving */
/** @typedef {import('./harness/crew-member.mjs').UsageResult} UsageResult */

/**
 * An application that runs in another process.
 *
 * @typedef {{ name: string, port: number, operation: import('./harness/load.mjs').Operation, cpu: import('./harness/load.mjs').CpuMeter, runs: () => Promise<number> }} App
 */

const CONNECTIONS = 16;
/** Requests of one measured operation. */
const MANY = 200;

const TEXT = `Requests for a route that answers with an object of 2 KB, all of them hits, over ${CONNECTIONS} connections that this process keeps
busy. Each application runs in a process of its own; the figures are per request, and CPU time is that of the application alone.`;

const NOTES = `On Fastify a response costs little beside Nest and the kernel: without a cache 20 to 33 µs of the process's own CPU time, and as
much with an interceptor that does nothing but answer with 2 KB of prepared bytes. No response cache behind Nest's guards can
be 1.1 × as fast as that, nor 2.5 × as fast as the stock one on Redis, which takes about twice that time. What ours takes more in
memory: keys and tags of the target, the rules for request and stored response, the head (a profile gives 9 µs with a profiler
that slows it down), and Nest's observables around an interceptor.

On Redis a hit is one MGET of five keys (entry, generation, tags of URL, route and parameters) where the stock one takes one GET; what
the tags cost is what the stock one spends on parsing JSON and writing it again.

On Express, most of every request is Express itself.`;

const KINDS = /** @type {const} */ ([
  'bare',
  'stockInMemory',
  'stockOnRedis',
  'oursInMemory',
  'oursWithMemory',
  'oursOnRedis',
]);

/** @type {{ platform: Platform, title: string, onRedis: number }[]} */
const PLATFORMS = [
  {
    platform: 'express',
    title: `Express ${packageVersion('express', '@nestjs/platform-express')}`,
    onRedis: 1.7,
  },
  {
    platform: 'fastify',
    title: `Fastify ${packageVersion('fastify', '@nestjs/platform-fastify')}`,
    onRedis: 2.5,
  },
];

// What is looked at where applications are developed is not what is compared.
process.env['NODE_ENV'] = 'production';

await withRedis(async (url) => {
  const sections = [];
  for (const { platform, title, onRedis } of PLATFORMS) {
    const measured = await withCrew(KINDS.length, (crew) => compare(crew, { platform, title, onRedis, url }));
    sections.push(...measured);
  }
  const versions = [
    `NestJS ${packageVersion('@nestjs/core')}`,
    `redis ${packageVersion('redis')}`,
    `Redis ${await serverVersion(url)}`,
  ];
  report('http', { title: 'A cached response', text: TEXT, notes: NOTES, versions, sections });
});

/**
 * @param {readonly Member[]} crew
 * @param {{ platform: Platform, title: string, onRedis: number, url: string }} options
 */
async function compare(crew, { platform, title, onRedis, url }) {
  const apps = await Promise.all(
    KINDS.map((kind, index) => start(/** @type {Member} */ (crew[index]), platform, kind, url)),
  );
  const [bare, stockInMemory, stockOnRedis, inMemory, withMemory, onlyRedis] =
    /** @type {[App, App, App, App, App, App]} */ (apps);
  assert.equal(new Set(await Promise.all(apps.map(bodyOf))).size, 1);
  // Answered from the caches from now on.
  const runs = await Promise.all(apps.map((app) => app.runs()));
  const sections = [
    await section(`${title}: ${onlyRedis.name}`, onlyRedis, [[stockOnRedis, atLeast(onRedis)], [bare]]),
    await section(`${title}: ${withMemory.name}`, withMemory, [
      [bare, atLeast(1.1)],
      [stockInMemory],
      [stockOnRedis],
    ]),
    await section(`${title}: ${inMemory.name}`, inMemory, [[bare, atLeast(1.1)], [stockInMemory]]),
  ];
  for (const [index, app] of apps.entries()) {
    if (app !== bare) assert.equal(await app.runs(), runs[index], `${app.name} has run its handler again.`);
    closePool(app.port);
  }
  return sections;
}

/**
 * @param {string} title
 * @param {App} ours
 * @param {readonly [App, import('./harness/target.mjs').Target?][]} rivals
 */
function section(title, ours, rivals) {
  return comparisonSection(title, {
    callers: 1,
    measure: 'speed',
    per: MANY,
    ours: ours.operation,
    cpu: ours.cpu,
    rivals: rivals.map(([rival, target]) => ({ ...rival, target })),
  });
}

/**
 * Starts an application in a process of its own.
 *
 * @param {Member} member
 * @param {Platform} platform
 * @param {import('./contenders/web-apps.mjs').CacheKind} kind
 * @param {string} url
 * @returns {Promise<App>}
 */
async function start(member, platform, kind, url) {
  const { name, port } = /** @type {Serving} */ (
    await member.ask({ type: 'serve', platform, cache: kind, url })
  );
  const usage = () => /** @type {Promise<UsageResult>} */ (member.ask({ type: 'usage' }));
  return {
    name,
    port,
    operation: () => requestMany({ port, path: PATH, connections: CONNECTIONS, count: MANY }),
    cpu: async () => (await usage()).cpu,
    runs: async () => (await usage()).runs,
  };
}

/** The body that an application answers with three times. */
async function bodyOf(/** @type {App} */ { port }) {
  const bodies = new Set();
  for (let times = 0; times < 3; times++) {
    const response = await fetch(`http://127.0.0.1:${port}${PATH}`, { headers: { connection: 'close' } });
    bodies.add(await response.text());
  }
  return [...bodies].join('\n');
}
