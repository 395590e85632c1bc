import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { send } from '../http-client.js';
import { Cached, platforms, startApp, type ResponseApp } from '../response-app.js';
import { cachedRoutes, counter, type Route } from '../routes.js';

describe('rule 16: a route with tags', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ResponseApp;
    afterEach(() => app.close());

    async function start(routes: Record<string, Route>, judged = false): Promise<void> {
      const controllers = [cachedRoutes('', routes, Cached({ tags: ['tag'], judged }))];
      app = await startApp({ platform, controllers });
    }

    it('is run anew once one of its tags was invalidated', async () => {
      await start({ page: counter() });
      await send(app.url, '/page');
      await app.storage.drain();
      expect((await send(app.url, '/page')).text).toBe('{"run":1}');
      await app.cache.invalidateTags('other');
      expect((await send(app.url, '/page')).text).toBe('{"run":1}');
      await app.cache.invalidateTags('tag');
      expect((await send(app.url, '/page')).text).toBe('{"run":2}');
    });

    it('is not stored where a tag was invalidated while its handler ran', async () => {
      const waiting: (() => void)[] = [];
      const run = counter();
      const page: Route = async () => {
        const made = run();
        await new Promise<void>((resolve) => waiting.push(resolve));
        return made;
      };
      await start({ page });
      const first = send(app.url, '/page');
      await eventually(() => expect(waiting).toHaveLength(1));
      await app.cache.invalidateTags('tag');
      const second = send(app.url, '/page');
      await eventually(() => expect(waiting).toHaveLength(2));
      for (const goOn of waiting) goOn();
      expect([(await first).text, (await second).text]).toEqual(['{"run":1}', '{"run":2}']);
      await app.storage.drain();
      expect((await send(app.url, '/page')).text).toBe('{"run":2}');
    });

    it('stores nothing where its handler was to name tags and did not', async () => {
      await start({ page: counter() }, true);
      expect((await send(app.url, '/page')).text).toBe('{"run":1}');
      await app.storage.drain();
      expect((await send(app.url, '/page')).text).toBe('{"run":2}');
    });
  });
});
