import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { CacheRegistry, type CacheStats } from 'nestjs-redis-cache';
import { AppModule } from '../../../examples/cities/src/app.module.js';
import { Settings } from '../../../examples/cities/src/settings.js';
import { eventually } from '../../support/eventually.js';

/** An answer of the demo. */
export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- the JSON of whatever was asked for
  readonly body: any;
}

/** What an HTTP client of the demo can do. */
export class CitiesClient {
  constructor(readonly url: string) {}

  async get(path: string): Promise<Answer> {
    return this.#send('GET', path);
  }

  async post(path: string): Promise<Answer> {
    return this.#send('POST', path);
  }

  async put(path: string, body: unknown): Promise<Answer> {
    return this.#send('PUT', path, body);
  }

  /** Hits and misses of a cache so far. */
  async stats(cache: string): Promise<Pick<CacheStats, 'hits' | 'misses'>> {
    const { body } = await this.get('/stats');
    const { hits, misses } = body[cache] as CacheStats;
    return { hits, misses };
  }

  /** What a page says of its answer. */
  async cacheStatus(path: string): Promise<string | null> {
    return (await fetch(this.url + path)).headers.get('cache-status');
  }

  async #send(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
    return { status: response.status, body: await response.json() };
  }
}

/** The demo, running inside this process. */
export interface CitiesApp extends CitiesClient {
  close(): Promise<void>;
}

/** A file for corrected populations that no other test uses. It does not exist yet. */
export function newCorrectionsFile(): string {
  return join(tmpdir(), `cities-corrections-${randomUUID()}.jsonl`);
}

/** Starts the demo on a free port, with corrections of its own, and waits for Redis, which Nest does not. */
export async function startCities(
  platform: Settings['platform'],
  redisUrl: string | undefined,
): Promise<CitiesApp> {
  const correctionsFile = newCorrectionsFile();
  const sessionSecret = randomUUID();
  const settings: Settings = {
    host: '127.0.0.1',
    port: 0,
    platform,
    redisUrl,
    sessionSecret,
    correctionsFile,
  };
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(Settings)
    .useValue(settings)
    .compile();
  const app = module.createNestApplication(
    platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(),
    { logger: false },
  );
  await app.listen(settings.port, settings.host);
  await cachesKeep(app.get(CacheRegistry));
  return Object.assign(new CitiesClient(await app.getUrl()), {
    async close() {
      await app.close();
      await rm(correctionsFile, { force: true });
    },
  });
}

async function cachesKeep(caches: CacheRegistry): Promise<void> {
  const cache = caches.get();
  await eventually(async () => {
    await cache.set('probe', true);
    if ((await cache.get('probe')) !== true) throw new Error('Nothing is kept yet.');
  });
}
