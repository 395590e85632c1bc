import assert from 'node:assert/strict';
import { comparisonSection, joinedSections } from './comparison-section.mjs';
import { withCrew } from './crew.mjs';
import { closePool, requestMany } from './http-load.mjs';
import { atLeast } from './target.mjs';
import { beginSession, visit } from './visitor.mjs';

/** @typedef {import('../contenders/session-apps.mjs').SessionKind} SessionKind */
/** @typedef {import('../contenders/web-apps.mjs').Platform} Platform */
/** @typedef {import('./crew.mjs').Member} Member */
/** @typedef {import('./crew-member.mjs').Serving} Serving */
/** @typedef {import('./crew-member.mjs').UsageResult} UsageResult */
/** @typedef {import('./target.mjs').Target} Target */

/**
 * An application that runs in another process, with a session for each connection to it. `written` counts the requests that
 * have changed one.
 *
 * @typedef {{ port: number, cookies: readonly string[], cpu: import('./load.mjs').CpuMeter, written: number }} App
 */

/** How many connections are kept busy, each with a session of its own. */
export const CONNECTIONS = 16;
/** Requests of one measured operation. */
const MANY = 200;
/** What the rivals are called in a row. */
const AGAINST = { rival: 'the rival', rivalWithoutTouch: '`disableTouch`', none: 'no sessions' };
const READ_ONLY = atLeast(1.2);
const WRITING = atLeast(1);

/**
 * Compares requests that read and that change a session, with `rolling` and without, and gives the section of a platform.
 *
 * @param {Platform} platform
 * @param {{ url: string, title: string, text: string }} options
 */
export function requestsSection(platform, { url, title, text }) {
  const rivals = /** @type {(keyof typeof AGAINST)[]} */ (Object.keys(AGAINST)).filter(
    (kind) => platform === 'express' || kind !== 'rivalWithoutTouch',
  );
  const wanted = [false, true].flatMap((rolling) =>
    /** @type {SessionKind[]} */ (['ours', ...rivals]).map((kind) => ({ kind, rolling })),
  );
  return withCrew(wanted.length, async (crew) => {
    /** @type {Map<string, App>} */
    const apps = new Map();
    for (const [index, { kind, rolling }] of wanted.entries()) {
      const member = /** @type {Member} */ (crew[index]);
      apps.set(
        `${kind} ${rolling}`,
        await start(member, platform, { kind, rolling, url: `${url}/${index}` }),
      );
    }
    const sections = [];
    for (const rolling of [false, true]) {
      const app = (/** @type {SessionKind} */ kind) => /** @type {App} */ (apps.get(`${kind} ${rolling}`));
      const of = (/** @type {keyof typeof AGAINST} */ kind, /** @type {Target} */ target) => ({
        app: app(kind),
        against: AGAINST[kind],
        target: kind === 'rival' ? target : undefined,
      });
      const suffix = `, \`rolling: ${rolling}\``;
      const reading = { path: '/session', name: `reading${suffix}` };
      const writing = { path: '/session/view', name: `writing${suffix}` };
      sections.push(
        await compare(
          app('ours'),
          reading,
          rivals.map((kind) => of(kind, READ_ONLY)),
        ),
        await compare(app('ours'), writing, [of('rival', WRITING)]),
      );
    }
    for (const [key, app] of apps) {
      if (!key.startsWith('none')) await assertWritten(app, key);
      closePool(app.port);
    }
    return joinedSections(title, text, sections);
  });
}

/**
 * @param {App} ours
 * @param {{ path: string, name: string }} request
 * @param {readonly { app: App, against: string, target: Target | undefined }[]} rivals
 */
function compare(ours, { path, name }, rivals) {
  return comparisonSection(name, {
    callers: 1,
    measure: 'speed',
    per: MANY,
    ours: requesting(ours, path),
    cpu: ours.cpu,
    rivals: rivals.map(({ app, against, target }) => ({
      name: `${name}: ${against}`,
      operation: requesting(app, path),
      cpu: app.cpu,
      target,
    })),
  });
}

/**
 * @param {App} app
 * @param {string} path
 */
function requesting(app, path) {
  return async () => {
    await requestMany({ port: app.port, path, cookies: app.cookies, connections: CONNECTIONS, count: MANY });
    if (path !== '/session') app.written += MANY;
  };
}

/**
 * Starts an application in a process of its own.
 *
 * @param {Member} member
 * @param {Platform} platform
 * @param {{ kind: SessionKind, rolling: boolean, url: string }} options
 * @returns {Promise<App>}
 */
async function start(member, platform, options) {
  const { port } = /** @type {Serving} */ (await member.ask({ type: 'serveSessions', platform, ...options }));
  const cookies = [];
  for (let count = 0; options.kind !== 'none' && count < CONNECTIONS; count++) {
    cookies.push(await beginSession(port));
  }
  assert.deepEqual((await visit(port, '/session', cookies[0])).body, { user: 'user-1', views: 0 });
  const cpu = async () => /** @type {UsageResult} */ (await member.ask({ type: 'usage' })).cpu;
  return { port, cookies, cpu, written: 0 };
}

/**
 * Makes sure that what was measured are writes that have been stored, and reads of a session.
 *
 * @param {App} app
 * @param {string} name
 */
async function assertWritten({ port, cookies, written }, name) {
  let views = 0;
  for (const cookie of cookies) views += (await visit(port, '/session', cookie)).body.views;
  assert.equal(views, written, `${name} has lost writes.`);
}
