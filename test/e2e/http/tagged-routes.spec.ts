import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { NamedCache } from '../../../src/cache/named-cache.js';
import { InvalidOptionsError, RedisUnavailableError } from '../../../src/errors.js';
import { send } from './http-client.js';
import { testCache } from './memory-cache.js';
import { Cached, platforms, startApp, type ResponseApp } from './response-app.js';
import { cachedRoutes, counter, type Route } from './routes.js';

/** A cache whose responses take reservations as a test says. */
function cacheOf(reserve: (...args: unknown[]) => unknown): NamedCache {
  const part = Object.assign(testCache('responses', 300_000), { reserve });
  return Object.assign(testCache('default', 300_000), { namespace: () => part });
}

describe.each(platforms)('a route with tags on %s', (platform) => {
  let app: ResponseApp;
  afterEach(async () => {
    await app.close();
    vi.restoreAllMocks();
  });

  async function start(routes: Record<string, Route>, cache?: NamedCache): Promise<void> {
    const controllers = [cachedRoutes('', routes, Cached({ tags: ['tag'] }))];
    app = await startApp({ platform, controllers, ...(cache && { caches: { default: cache } }) });
  }

  /** A reservation that notes what becomes of it, with a handler that notes when it runs. */
  async function watched(handle: () => unknown): Promise<string[]> {
    const steps: string[] = [];
    const note =
      (step: string) =>
      (...args: unknown[]) =>
        void steps.push([step, ...args.slice(1).map((one) => JSON.stringify(one))].join(' '));
    const reservation = {
      keep: note('keep'),
      letGo: note('let go'),
      fill: async (...args: unknown[]) => note('fill')(...args),
      giveBack: async () => note('give back')(),
    };
    const reserve = async (_key: unknown, tags: unknown): Promise<unknown> => {
      steps.push(`reserve ${JSON.stringify(tags)}`);
      return reservation;
    };
    const page: Route = async () => {
      steps.push('begin');
      await Promise.resolve();
      steps.push('end');
      return handle();
    };
    await start({ page }, cacheOf(reserve));
    await send(app.url, '/page');
    await app.storage.drain();
    return steps;
  }

  it('is reserved before the handler runs, kept while it does, and filled', async () => {
    const steps = await watched(() => ({ page: 1 }));
    expect(steps).toEqual(['reserve ["tag"]', 'keep', 'begin', 'end', 'let go', 'fill 300000 ["tag"]']);
  });

  it.each([
    [
      'fails',
      () => {
        throw new Error('no page');
      },
    ],
    ['gives nothing', () => undefined],
  ])('is given back when its handler %s', async (_name, handle) => {
    expect(await watched(handle)).toEqual(['reserve ["tag"]', 'keep', 'begin', 'end', 'give back']);
  });

  it('is filled by one handler at a time; others answer as well', async () => {
    const waiting: (() => void)[] = [];
    const run = counter();
    const page: Route = async () => {
      const made = run();
      await new Promise<void>((resolve) => waiting.push(resolve));
      return made;
    };
    await start({ page });
    const both = [send(app.url, '/page'), send(app.url, '/page')];
    await expect.poll(() => waiting.length).toBe(2);
    for (const goOn of waiting.toReversed()) goOn();
    const texts = (await Promise.all(both)).map(({ text }) => text);
    expect(texts.toSorted()).toEqual(['{"run":1}', '{"run":2}']);
    await app.storage.drain();
    expect((await send(app.url, '/page')).text).toBe('{"run":1}');
  });

  it('answers where nothing can be reserved, and says why unless Redis is out of reach', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    let error: Error = new RedisUnavailableError('default', 'down');
    await start(
      { page: counter() },
      cacheOf(() => Promise.reject(error)),
    );
    expect((await send(app.url, '/page')).text).toBe('{"run":1}');
    expect(warn).not.toHaveBeenCalled();
    error = new InvalidOptionsError('tags', 'the store knows none');
    expect((await send(app.url, '/page')).text).toBe('{"run":2}');
    expect((await send(app.url, '/page')).text).toBe('{"run":3}');
    expect(warn.mock.calls.map(([line]) => String(line))).toEqual([
      'A response could not be stored in the cache "default": tags: the store knows none',
    ]);
  });

  it('stores nothing where its handler was to name tags and did not', async () => {
    const controllers = [cachedRoutes('', { page: counter() }, Cached({ tags: ['tag'], judged: true }))];
    app = await startApp({ platform, controllers });
    expect((await send(app.url, '/page')).text).toBe('{"run":1}');
    await app.storage.drain();
    expect((await send(app.url, '/page')).text).toBe('{"run":2}');
  });
});
