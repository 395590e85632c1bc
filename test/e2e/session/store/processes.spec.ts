import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { spawnTypeScript } from '../../../support/child-process.js';
import { eventually } from '../../../support/eventually.js';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { Browser } from './browser.js';
import { PLATFORMS } from './session-app.js';

const FIXTURE = new URL('./process.fixture.ts', import.meta.url);
const AOF = { config: { appendonly: 'yes', appendfsync: 'always' } };

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function redisServer(): Promise<RedisServer> {
  const server = await startRedis(AOF);
  ends.push(() => server.stop());
  return server;
}

/** Starts a process that serves, and gives its URL. */
async function serve(server: RedisServer, platform: string): Promise<string> {
  const child = spawnTypeScript(FIXTURE, [server.url, 'sessions', platform]);
  const exit = once(child, 'exit');
  ends.push(() => {
    child.kill('SIGTERM');
    return exit;
  });
  const errors: unknown[] = [];
  child.stderr.on('data', (text: Buffer) => errors.push(text.toString()));
  const first = await Promise.race([once(child.stdout, 'data'), exit.then(() => undefined)]);
  if (first === undefined) throw new Error(`The process has ended: ${errors.join('')}`);
  return String(first[0]).trim();
}

/** Waits until all requests of a round have read their session. */
async function allHeld(urls: readonly string[], count: number): Promise<void> {
  await eventually(async () => {
    const held = await Promise.all(
      urls.map(async (url) => (await new Browser(url).get('/held')).body as number),
    );
    expect(held.reduce((one, other) => one + other)).toBe(count);
  });
}

/** Waits until all processes have reconnected: they read the session of a visitor again. */
async function bothAnswer(visitor: Browser, urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    await eventually(async () => expect((await visitor.at(url).get('/')).body).toEqual(['user']), {
      timeout: 15_000,
    });
  }
}

describe.each(Object.keys(PLATFORMS))('two processes with %s', (platform) => {
  it('lose no field, and revive no session, though Redis is killed and restarted meanwhile', async () => {
    const server = await redisServer();
    const urls = await Promise.all([serve(server, platform), serve(server, platform)]);
    const [one, other] = urls;
    const browser = new Browser(one);
    await browser.get('/login');
    const elsewhere = browser.at(other);
    const witness = new Browser(one);
    await witness.get('/login');

    const writes = Array.from({ length: 64 }, (_, index) =>
      (index % 2 ? browser : elsewhere).get(`/set${index}`),
    );
    await allHeld(urls, 64);
    await server.kill();
    await server.start();
    await bothAnswer(witness, urls);
    await Promise.all(urls.map((url) => new Browser(url).get('/go')));
    expect((await Promise.all(writes)).map(({ status }) => status)).toEqual(writes.map(() => 200));
    expect(((await elsewhere.get('/')).body as string[]).length).toBe(65);

    const late = [browser.at(one).get('/set1'), browser.at(other).get('/set2')];
    await allHeld(urls, 2);
    const stolen = browser.at(other);
    await browser.get('/logout');
    await server.kill();
    await server.start();
    await bothAnswer(witness, urls);
    await Promise.all(urls.map((url) => new Browser(url).get('/go')));
    await Promise.all(late);
    expect((await stolen.get('/')).body).toEqual([]);
  }, 60_000);
});
