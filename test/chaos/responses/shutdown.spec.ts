import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LEASE_TIME } from '../../../src/store/coherence.js';
import { send } from '../../e2e/http/http-client.js';
import { platforms, type Platform } from '../../e2e/http/response-app.js';
import { eventually } from '../../support/eventually.js';
import type { RedisServer } from '../../support/redis-server.js';
import { pagesOf, PATIENCE, redisOfTest, runsOf, Script, Site } from './site.js';

const LIMIT = { timeout: 180_000 };
const LOADER = new URL('../../support/typescript.mjs', import.meta.url).href;
const FIXTURE = new URL('./server.fixture.ts', import.meta.url);

interface Message {
  readonly url?: string;
  readonly runs?: string;
  readonly closing?: true;
  readonly closed?: true;
}

/** A process of its own that serves the pages, and what it has said. */
class Server {
  readonly #said: Message[] = [];
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  #errors = '';

  constructor(platform: Platform, redis: RedisServer) {
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const;
    this.#child = fork(FIXTURE, [platform, redis.url], { execArgv: ['--import', LOADER], stdio: [...stdio] });
    this.#child.on('message', (message) => this.#said.push(message as Message));
    this.#child.stderr?.on('data', (text: Buffer) => (this.#errors += text.toString()));
    this.#exit = once(this.#child, 'exit');
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  /** Waits until it has said so. */
  async said<K extends keyof Message>(what: K, value?: Message[K]): Promise<NonNullable<Message[K]>> {
    return eventually(() => {
      const found = this.#said.find((one) => one[what] !== undefined && (value ?? one[what]) === one[what]);
      expect([what, value, found, this.#errors]).toEqual([what, value, expect.any(Object), '']);
      return found?.[what] as NonNullable<Message[K]>;
    }, PATIENCE);
  }

  /** Requests a page. What becomes of the request when its server ends is not looked at. */
  async ask(path: string): Promise<string> {
    return send(await this.said('url'), path).then(
      ({ text }) => text,
      () => '',
    );
  }

  tell(order: 'release' | 'close'): void {
    this.#child.send(order);
  }

  kill(): Promise<unknown[]> {
    this.#child.kill('SIGKILL');
    return this.#exit;
  }

  /** Waits until it has ended by itself, and tells how. */
  async ended(): Promise<{ code: unknown; errors: string }> {
    const [code] = await this.#exit;
    return { code, errors: this.#errors };
  }
}

describe.each(platforms)('a process that serves responses on %s', (platform) => {
  async function open() {
    const redis = await redisOfTest();
    const script = new Script();
    const server = new Server(platform, redis);
    const site = await Site.open({
      platform,
      script,
      controllers: [pagesOf(script, { wait: '10m' })],
      redis: redis.url,
      connection: { deadline: 5_000 },
    });
    await server.said('url');
    return { redis, script, site, server };
  }

  /** Whatever lease is held in Redis ends by itself, and soon. The server measures it, however busy this machine is. */
  async function leasesEnd(redis: RedisServer): Promise<void> {
    for (const lease of (await redis.cli('KEYS', 'site:*:l:*')) as string[]) {
      const left = Number(await redis.cli('PTTL', lease));
      // It may have ended meanwhile.
      if (left !== -2) expect([lease, left > 0 && left <= LEASE_TIME]).toEqual([lease, true]);
    }
  }

  it('closes with responses, waiting and renewals under way, and nothing is left open', LIMIT, async () => {
    const { script, site, server } = await open();
    // One that is renewed in the background,
    expect(JSON.parse(await server.ask('/pages/news'))).toEqual({ run: 1 });
    await eventually(async () => {
      await server.ask('/pages/news');
      await server.said('runs', '/pages/news');
    }, PATIENCE);
    // some that wait for one that it makes,
    const asked = Array.from({ length: 5 }, () => server.ask('/pages/here'));
    await server.said('runs', '/pages/here');
    // and some that wait for one that another process makes.
    const release = script.hold();
    const elsewhere = await site.receives(1, () => site.pages('/pages/elsewhere', 1));
    await script.began(1);
    asked.push(...Array.from({ length: 5 }, () => server.ask('/pages/elsewhere')));

    server.tell('close');
    await server.said('closing');
    server.tell('release');
    await server.said('closed');
    expect(await server.ended()).toEqual({ code: 0, errors: '' });
    await Promise.all(asked);
    release();
    expect((await elsewhere()).length).toBe(1);
    for (const path of ['/pages/here', '/pages/elsewhere']) await site.caches(path);
  });

  it('closes while its handler hangs, and others lead once its lease has run out', LIMIT, async () => {
    const { redis, site, server } = await open();
    const asked = server.ask('/pages/1');
    await server.said('runs', '/pages/1');
    const answered = await site.receives(10, () => site.pages('/pages/1', 10));
    server.tell('close');
    await server.said('closed');
    expect(await server.ended()).toEqual({ code: 0, errors: '' });
    await leasesEnd(redis);
    for (const { version } of await answered()) expect(version).toBe(1);
    await asked;
    await site.caches('/pages/1');
  });

  it('that is killed while it makes one keeps others waiting no longer than its lease', LIMIT, async () => {
    const { redis, script, site, server } = await open();
    const asked = server.ask('/pages/1');
    await server.said('runs', '/pages/1');
    const answered = await site.receives(10, () => site.pages('/pages/1', 10));
    await server.kill();
    await leasesEnd(redis);
    expect(runsOf(await answered())).toEqual([1]);
    expect(script.runs).toHaveLength(1);
    await asked;
    await site.caches('/pages/1');
  });
});

describe.each(platforms)('an application on %s', (platform) => {
  it('closes once what it has made is stored', LIMIT, async () => {
    const redis = await redisOfTest();
    const script = new Script();
    const site = await Site.open({ platform, script, redis: redis.url, connection: { deadline: 5_000 } });
    await site.page('/pages/made');
    await site.apps[0].close();
    expect((await site.page('/pages/made', 1)).run).toBe(1);
  });
});
