import { Controller, Get, Param, Put, type Type } from '@nestjs/common';
import { expect, onTestFinished } from 'vitest';
import type { ConnectionOptions } from '../../../src/connection/connection-options.js';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import type { ResponseOptions } from '../../../src/di/response-options.js';
import { send, type RawReply } from '../../e2e/http/http-client.js';
import { startModuleApp, type ModuleApp } from '../../e2e/http/module-app.js';
import type { Platform } from '../../e2e/http/response-app.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer, type RedisServerOptions } from '../../support/redis-server.js';

/** For a machine that is busy with something else. */
export const PATIENCE = { timeout: 60_000 };

/** What a handler gives: enough of it that a part would be seen to be one. */
export interface Page {
  readonly path: string;
  readonly version: number;
  readonly run: number;
  readonly text: string;
}

// Nothing that is compressed: tests look for it in Redis.
const TEXT = 'page'.repeat(100);

/** What the handlers of a test do: they count their runs, and wait while they are held. */
export class Script {
  /** What the pages show. A write makes it another. */
  version = 1;
  text = TEXT;
  /** The runs so far, by path. */
  readonly runs: string[] = [];
  #held: Promise<void> | undefined;

  /** Makes handlers wait, and gives what lets them go on. */
  hold(): () => void {
    let release!: () => void;
    this.#held = new Promise((resolve) => (release = resolve));
    onTestFinished(() => release());
    return () => {
      this.letPass();
      release();
    };
  }

  /** Makes no further handlers wait. Those that do go on waiting. */
  letPass(): void {
    this.#held = undefined;
  }

  /** One run of a handler. What it shows is read when it begins, as from a database. */
  async run(path: string): Promise<Page> {
    const page = { path, version: this.version, run: this.runs.push(path), text: this.text };
    await this.#held;
    return page;
  }

  /** Waits until so many runs have begun. */
  async began(count: number): Promise<void> {
    await eventually(() => expect(this.runs.length).toBeGreaterThanOrEqual(count), PATIENCE);
  }
}

/** `GET /pages/:id`, which is cached, and `PUT /pages/:id`, which changes what all pages show. */
export function pagesOf(script: Script, response: ResponseOptions = {}): Type {
  @Controller('pages')
  class Pages {
    @Get(':id')
    @Cacheable({ ttl: '5m', response })
    show(@Param('id') id: string) {
      return script.run(`/pages/${id}`);
    }

    @Put(':id')
    change() {
      script.version += 1;
      return {};
    }
  }
  return Pages;
}

/** A redis-server that ends with the test. */
export async function redisOfTest(options?: RedisServerOptions): Promise<RedisServer> {
  const redis = await startRedis(options);
  onTestFinished(() => redis.kill());
  return redis;
}

/** What the applications of a site have in common. */
export interface SiteOptions {
  readonly platform: Platform;
  readonly script: Script;
  /** Those of the script's pages by default. */
  readonly controllers?: Type[];
  readonly redis: string;
  /** Whether the responses are kept in memory in front of Redis, too. */
  readonly tiered?: boolean;
  /** What they connect with besides. */
  readonly connection?: Exclude<ConnectionOptions, string>;
}

/** Two applications with the same cache, each of them a process of its own as far as the cache can tell. They end with the test. */
export class Site {
  readonly apps: readonly [ModuleApp, ModuleApp];
  readonly #received: { count: number };
  readonly #script: Script;

  private constructor(apps: readonly [ModuleApp, ModuleApp], received: { count: number }, script: Script) {
    this.apps = apps;
    this.#received = received;
    this.#script = script;
  }

  static async open({
    platform,
    script,
    controllers,
    redis,
    tiered,
    connection,
  }: SiteOptions): Promise<Site> {
    const received = { count: 0 };
    const start = async () => {
      const app = await startModuleApp({
        platform,
        controllers: controllers ?? [pagesOf(script)],
        redis: { url: redis, deadline: 400, ...connection },
        keyPrefix: 'site',
        caches: { default: tiered ? { memory: {} } : {} },
        prepare: (nest) =>
          nest.use((_request: unknown, _response: unknown, next: () => void) => {
            received.count += 1;
            next();
          }),
      });
      onTestFinished(() => app.close());
      return app;
    };
    return new Site([await start(), await start()], received, script);
  }

  /** Runs something, and waits until it has brought so many requests to the applications. */
  async receives<T>(count: number, run: () => Promise<T>): Promise<() => Promise<T>> {
    const before = this.#received.count;
    const running = run();
    await eventually(() => expect(this.#received.count).toBeGreaterThanOrEqual(before + count), PATIENCE);
    return () => running;
  }

  /** The page that one of the applications answers with: a whole one, of that path. */
  async page(path: string, app: 0 | 1 = 0): Promise<Page> {
    return pageIn(await send(this.apps[app].url, path), path, this.#script.text);
  }

  /** The pages that both are asked for at once, so many times. */
  pages(path: string, times: number): Promise<Page[]> {
    return Promise.all(Array.from({ length: times }, (_, at) => this.page(path, at % 2 === 0 ? 0 : 1)));
  }

  /** Changes what the pages show. */
  async change(path: string, app: 0 | 1 = 0): Promise<void> {
    expect((await send(this.apps[app].url, path, { method: 'PUT' })).status).toBe(200);
  }

  /** Waits until all is stored that was to be. */
  async drain(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.drain()));
  }

  /** Waits until one run of the handler serves both applications again. */
  async caches(path: string): Promise<Page> {
    return eventually(async () => {
      const first = await this.page(path);
      await this.drain();
      const later = [await this.page(path, 1), await this.page(path)];
      expect(later).toEqual([first, first]);
      return first;
    }, PATIENCE);
  }
}

/** The page in a reply. Fails for any other reply, and for a part of one. */
export function pageIn(
  { status, text }: Pick<RawReply, 'status' | 'text'>,
  path: string,
  shown = TEXT,
): Page {
  expect([status, text.slice(0, 200)]).toEqual([200, expect.stringContaining(`"path":"${path}"`)]);
  const page = JSON.parse(text) as Page;
  expect([page.path, page.text === shown]).toEqual([path, true]);
  return page;
}

/** The runs of which some pages came, each once. */
export function runsOf(pages: readonly Page[]): number[] {
  return [...new Set(pages.map(({ run }) => run))].toSorted((one, other) => one - other);
}
