import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { handleOf } from '../../../src/session/record/session-ids.js';
import { Browser, type Platform } from '../../e2e/session/session-app.js';
import { eventually } from '../../support/eventually.js';
import type { RedisServer, RedisServerOptions } from '../../support/redis-server.js';
import { startRedis } from '../../support/redis-server.js';
import { Gates } from './gates.js';
import {
  startServer,
  type RunningServer,
  type ServerOptions,
  type ServerSessions,
} from './session-server.js';

/** For a machine that is busy with something else. */
export const PATIENCE = { timeout: 60_000 };
export const LIMIT = { timeout: 120_000 };

const LOADER = new URL('../../support/typescript.mjs', import.meta.url).href;
const FIXTURE = new URL('./server.fixture.ts', import.meta.url);

/** What ends with a file or a test, in the opposite order. */
export class Ends {
  readonly #ends: (() => unknown)[] = [];

  add(end: () => unknown): void {
    this.#ends.push(end);
  }

  async run(): Promise<void> {
    for (const end of this.#ends.splice(0).toReversed()) await end();
  }

  async redis(options?: RedisServerOptions): Promise<RedisServer> {
    const redis = await startRedis(options);
    this.add(() => redis.kill());
    return redis;
  }

  async local(options: Omit<ServerOptions, 'gates'>): Promise<LocalHost> {
    const host = await LocalHost.start(options);
    this.add(() => host.close());
    return host;
  }

  async child(
    platform: Platform,
    redis: RedisServer,
    sessions: readonly ServerSessions[],
  ): Promise<ChildHost> {
    const host = new ChildHost(platform, redis, sessions);
    this.add(() => host.kill());
    await host.ready();
    return host;
  }
}

/** Where handlers run, and how those are let go on that wait at a gate. */
export interface Host {
  /** How many have come to a gate so far. */
  count(gate: string): number;
  open(gate: string): Promise<void>;
}

/** A server of this process. */
export class LocalHost implements Host {
  readonly #counts = new Map<string, number>();
  readonly #gates = new Gates((gate) => this.#counts.set(gate, this.count(gate) + 1));
  #server: RunningServer | undefined;

  static async start(options: Omit<ServerOptions, 'gates'>): Promise<LocalHost> {
    const host = new LocalHost();
    host.#server = await startServer({ ...options, gates: host.gates });
    return host;
  }

  get gates(): Gates {
    return this.#gates;
  }

  get server(): RunningServer {
    if (this.#server === undefined) throw new Error('The server is not started yet.');
    return this.#server;
  }

  get url(): string {
    return this.server.url;
  }

  count(gate: string): number {
    return this.#counts.get(gate) ?? 0;
  }

  open(gate: string): Promise<void> {
    this.#gates.open(gate);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }
}

interface Message {
  readonly urls?: string[];
  readonly held?: string;
  readonly opened?: string;
  readonly closing?: true;
  readonly closed?: true;
}

/** A process of its own, with a server for each of the sessions. */
export class ChildHost implements Host {
  readonly #said: Message[] = [];
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  #errors = '';

  constructor(platform: Platform, redis: RedisServer, sessions: readonly ServerSessions[]) {
    const args = [platform, redis.url, JSON.stringify(sessions)];
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const;
    this.#child = fork(FIXTURE, args, { execArgv: ['--import', LOADER], stdio: [...stdio] });
    this.#child.on('message', (message) => this.#said.push(message as Message));
    this.#child.stderr?.on('data', (text: Buffer) => (this.#errors += text.toString()));
    this.#exit = once(this.#child, 'exit');
  }

  get urls(): readonly string[] {
    return this.#said.find(({ urls }) => urls !== undefined)?.urls ?? [];
  }

  /** Waits until it serves. */
  async ready(): Promise<void> {
    await eventually(() => expect([this.urls.length > 0, this.#errors]).toEqual([true, '']), PATIENCE);
  }

  count(gate: string): number {
    return this.#said.filter(({ held }) => held === gate).length;
  }

  async open(gate: string): Promise<void> {
    this.#child.send({ open: gate });
    await this.#says(({ opened }) => opened === gate);
  }

  /** Begins to close. */
  async close(): Promise<void> {
    this.#child.send({ close: true });
    await this.#says(({ closing }) => closing === true);
  }

  /** Waits until it has closed, and ended by itself. */
  async ended(): Promise<{ code: unknown; errors: string }> {
    await this.#says(({ closed }) => closed === true);
    const [code] = await this.#exit;
    return { code, errors: this.#errors };
  }

  kill(): Promise<unknown[]> {
    this.#child.kill('SIGKILL');
    return this.#exit;
  }

  async #says(isIt: (message: Message) => boolean): Promise<void> {
    await eventually(() => expect([this.#said.some(isIt), this.#errors]).toEqual([true, '']), PATIENCE);
  }
}

let gates = 0;

/** A gate that handlers of some hosts wait at. */
export class Gate {
  readonly name = `gate${++gates}`;
  readonly #hosts: readonly Host[];

  constructor(...hosts: readonly Host[]) {
    this.#hosts = hosts;
  }

  /** Waits until so many have come. */
  async reached(count = 1): Promise<void> {
    await eventually(() => {
      const came = this.#hosts.reduce((sum, host) => sum + host.count(this.name), 0);
      expect(came).toBe(count);
    }, PATIENCE);
  }

  async open(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.open(this.name)));
  }
}

/** A browser with the cookies of another one, for another server. */
export function at(browser: Browser, url: string): Browser {
  const other = new Browser(url);
  for (const [name, value] of browser.cookies) other.cookies.set(name, value);
  return other;
}

/** The handle of the session that a browser has the cookie of. */
export function handleIn(browser: Browser): string {
  const value = decodeURIComponent(browser.cookies.get('sid') ?? '');
  return handleOf(value.slice(2, value.lastIndexOf('.')));
}

/** The key of the session that a browser has the cookie of. */
export function keyOf(browser: Browser, prefix: string): string {
  return `${prefix}:id:${handleIn(browser)}`;
}

/** Lets a session look as if it had not been used for half of its life: the next request is to lengthen it. */
export async function grownOld(redis: RedisServer, browser: Browser, prefix: string): Promise<void> {
  const key = keyOf(browser, prefix);
  const [left, end] = [Number(await redis.cli('PTTL', key)), Number(await redis.cli('PEXPIRETIME', key))];
  expect(left).toBeGreaterThan(0);
  const earlier = String(end - Math.round(left / 2));
  // The header says when the key expires.
  const header = String(await redis.cli('HGET', key, 'h'));
  expect(header).toMatch(new RegExp(` ${end}$`));
  await redis.cli('HSET', key, 'h', header.replace(/\d+$/, earlier));
  await redis.cli('PEXPIREAT', key, earlier);
}

/** The names of the fields in a reply of `/show`. */
export async function fieldsOf(browser: Browser): Promise<string[]> {
  const { status, text } = await browser.get('/show');
  expect([status, text]).toEqual([200, expect.any(String)]);
  return Object.keys(JSON.parse(text) as object).toSorted();
}
