import {
  CONNECT_REDIS,
  OUR_SESSIONS,
  connectRedis,
  drawId,
  newSession,
  ourSessionStore,
} from './contenders/session-stores.mjs';
import { comparisonSection, joinedSections } from './harness/comparison-section.mjs';
import { withCrew } from './harness/crew.mjs';
import { packageVersion } from './harness/environment.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { LOST_HEAD, REVIVED_HEAD, lostUpdatesRow, revivedRow } from './harness/session-races.mjs';
import { CONNECTIONS, requestsSection } from './harness/session-requests.mjs';

/** @typedef {import('./contenders/session-stores.mjs').SessionsUnderTest} SessionsUnderTest */
/** @typedef {import('./contenders/web-apps.mjs').Platform} Platform */
/** @typedef {import('./harness/crew-member.mjs').Serving} Serving */
/** @typedef {import('./harness/session-races.mjs').TwinApps} TwinApps */

const SESSIONS = 1_000;

const TEXT = `Sessions of 1 KB in Redis. The rival is ${CONNECT_REDIS} on a client of its own, in express-session
${packageVersion('express-session')} and @fastify/session ${packageVersion('@fastify/session')}, with \`resave: false\` (Express) and \`saveUninitialized: false\`.`;

const STORES = `The store alone, called as express-session does, on ${SESSIONS.toLocaleString('en')} sessions. Every \`set\` changes a field. Ours sends a \`touch\` only when
a tenth of the session's life has passed, which it never has here.`;

const REQUESTS = `Requests over ${CONNECTIONS} connections that this process keeps busy, each with a session and a signed cookie of its own, for a route that
answers with two fields of its session (reading) and for one that counts a field up (writing). Each application runs in a process of its
own; the figures are per request, and CPU time is that of the application alone.

With \`rolling\`, ours lengthens a session's life and sends its cookie again when a tenth of that life has passed. express-session sends the cookie
with every response then, and EXPIRE with every request that changes nothing, with \`rolling\` or without, unless connect-redis has \`disableTouch\`.
@fastify/session stores the whole session again with every request when it has \`rolling\`, and never lengthens its life without.`;

const LOST = `Updates that are gone, of all that were answered with 200. Some requests, half of them in each of two processes, have all read one
session before each of them sets a field of its own.`;

const REVIVED = `A request has read its session when another process ends that session by a logout. How often is the cookie worth something again
when the request has ended, where it changed nothing (a reader), and where it set a field (a writer)? And how often does the response to a
reader, which began before a login in another process, set the cookie of the session that the login has ended, so that the browser is nobody?
All with \`rolling: true\`.`;

const NOTES = `A target counts as reached where it lies within the interval. Without \`rolling\`, a request that reads is 1.1 × as fast as with the rival, and not
1.2 ×, for two reasons. On Express two thirds of it are Express and the kernel: what sessions add to that is about three quarters of what they add with the rival.
On Fastify, sessions are there for the middleware of Nest too, so they are middleware, which @fastify/middie runs: one that does nothing but
go on takes 17 µs there. @fastify/session is a plugin, of which middleware sees nothing.

A write is one script, EVALSHA with TIME, HMGET and HSET, where the rival sends SET: 12 to 15 µs of Redis's CPU time where SET takes 2 to 4, by INFO
on a busy machine. It is what loses no update and revives no session.`;

/** @type {{ platform: Platform, title: string }[]} */
const PLATFORMS = [
  { platform: 'express', title: `Express ${packageVersion('express', '@nestjs/platform-express')}` },
  { platform: 'fastify', title: `Fastify ${packageVersion('fastify', '@nestjs/platform-fastify')}` },
];

// What is looked at where applications are developed is not what is compared.
process.env['NODE_ENV'] = 'production';

await withRedis(async (url) => {
  const sections = await storeSections(url);
  for (const { platform, title } of PLATFORMS) {
    const text = platform === 'express' ? REQUESTS : `The same.`;
    sections.push(await requestsSection(platform, { url, title: `Requests on ${title}`, text }));
  }
  sections.push(...(await raceSections(url)));
  const versions = [
    OUR_SESSIONS,
    `NestJS ${packageVersion('@nestjs/core')}`,
    `Redis ${await serverVersion(url)}`,
  ];
  report('session', { title: 'Sessions', text: TEXT, notes: NOTES, versions, sections });
});

/** @param {string} url */
async function storeSections(url) {
  const ours = await ourSessionStore(`${url}/14`);
  const rival = await connectRedis(`${url}/15`);
  const [mine, theirs] = [await operationsOf(ours), await operationsOf(rival)];
  const sections = [];
  for (const callers of [1, 64]) {
    const rows = [];
    for (const method of /** @type {const} */ (['get', 'set', 'touch'])) {
      const measure = callers === 1 ? 'cpu' : 'speed';
      const rivals = [{ name: `\`${method}\``, operation: theirs[method] }];
      rows.push(await comparisonSection('', { callers, measure, ours: mine[method], rivals }));
    }
    const title = callers === 1 ? 'The store, one caller' : `The store, ${callers} callers`;
    sections.push(joinedSections(title, callers === 1 ? STORES : 'The same.', rows));
  }
  await ours.close();
  await rival.close();
  return sections;
}

/** @param {SessionsUnderTest} store */
async function operationsOf(store) {
  /** @type {{ id: string, session: Record<string, any> }[]} */
  const all = [];
  for (let count = 0; count < SESSIONS; count++) {
    const id = drawId();
    await store.set(id, newSession(`user-${count}`, 1_024));
    all.push({ id, session: await store.open(id) });
  }
  const at = (/** @type {number} */ index) => /** @type {(typeof all)[0]} */ (all[index % SESSIONS]);
  return {
    get: (/** @type {number} */ index) => store.get(at(index).id),
    set: (/** @type {number} */ index) => {
      const { id, session } = at(index);
      session['views'] += 1;
      return store.set(id, session);
    },
    touch: (/** @type {number} */ index) => store.touch(at(index).id, at(index).session),
  };
}

/** @param {string} url */
async function raceSections(url) {
  /** @type {string[][]} */
  const lost = [];
  /** @type {string[][]} */
  const revived = [];
  for (const { platform } of PLATFORMS) {
    for (const kind of /** @type {const} */ (['ours', 'rival'])) {
      await withCrew(2, async (crew) => {
        const order = { type: /** @type {const} */ ('serveSessions'), platform, kind, rolling: true };
        const started = await Promise.all(crew.map((member) => member.ask({ ...order, url: `${url}/13` })));
        const [one, other] = /** @type {[Serving, Serving]} */ (started);
        const name = `${platform}: ${one.name}`;
        /** @type {TwinApps} */
        const apps = { name, ports: [one.port, other.port], judged: kind === 'ours' };
        lost.push(await lostUpdatesRow(apps));
        revived.push(await revivedRow(apps));
      });
    }
  }
  return [
    { title: 'Lost updates', text: LOST, head: LOST_HEAD, rows: lost },
    { title: 'Revived sessions and undone logins', text: REVIVED, head: REVIVED_HEAD, rows: revived },
  ];
}
