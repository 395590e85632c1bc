import { Controller, Get } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { FakeClock } from '../../../../src/testing/fake-clock.js';
import { eventually } from '../../../support/eventually.js';
import { send } from '../http-client.js';
import { startModuleApp, type ModuleApp } from '../module-app.js';
import { Cached, platforms, startApp, type ResponseApp } from '../response-app.js';
import { cachedRoutes, counter, type Route } from '../routes.js';

let runs = 0;

@Controller()
class NewsController {
  @Get('news')
  @Cacheable({ ttl: 100, response: { stale: { revalidate: '1m' }, cacheStatus: 'news' } })
  news() {
    return { run: (runs += 1) };
  }
}

describe('rule 14: a response that is renewed in the background', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ModuleApp | ResponseApp | undefined;
    afterEach(() => app?.close());

    it('is stored though middleware looks at who was asking once a response is finished', async () => {
      runs = 0;
      const seen: unknown[] = [];
      const { url, drain } = (app = await startModuleApp({
        platform,
        controllers: [NewsController],
        prepare: (nest) =>
          nest.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
            response.on('finish', () => seen.push(request.headers.cookie));
            next();
          }),
      }));
      const ask = () => send(url, '/news', { headers: { Cookie: 'a=1' } });
      expect((await ask()).text).toBe('{"run":1}');
      await drain();
      await eventually(async () => {
        const { text, headers } = await ask();
        expect(text).not.toBe('{"run":1}');
        expect(headers['cache-status']).toMatch(/^news; hit/);
      });
      expect(seen).toContain('a=1');
    });

    it('keeps nothing of the Cache-Status of the request behind which it was made', async () => {
      runs = 0;
      let asked = 0;
      const { url, drain } = (app = await startModuleApp({
        platform,
        controllers: [NewsController],
        prepare: (nest) =>
          nest.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
            response.setHeader('Cache-Status', `front; key="${(asked += 1)}"`);
            next();
          }),
      }));
      await send(url, '/news');
      await drain();
      await eventually(async () => {
        const { text, headers } = await send(url, '/news');
        expect(text).not.toBe('{"run":1}');
        expect(headers['cache-status']).toMatch(new RegExp(`^front; key="${asked}", news; hit`));
      });
    });

    it('is renewed for others though a client does not take it', async () => {
      const clock = new FakeClock();
      const cached = Cached({ ttl: 1, response: { stale: { revalidate: '1h' } } });
      const waiting: Route = { handle: () => new Promise(() => {}) };
      const answers: ServerResponse[] = [];
      app = await startApp({
        platform,
        clock,
        controllers: [cachedRoutes('', { page: counter(), waiting }, cached)],
        prepare: (nest) =>
          nest.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
            if (request.headers['x-slow'] !== undefined) answers.push(response);
            next();
          }),
      });
      const { url } = app;
      await send(url, '/page');
      await app.storage.drain();
      await sleep(5);
      const { port, hostname } = new URL(url);
      const slow = connect(Number(port), hostname);
      const head = 'HTTP/1.1\r\nHost: a\r\nX-Slow: 1\r\n\r\n';
      // The second response waits for the first, which never comes.
      slow.write(`GET /waiting ${head}GET /page ${head}`);
      await eventually(() => expect(answers[1]?.writableEnded).toBe(true));
      clock.advance(10_000);
      await eventually(async () => {
        const { text } = await send(url, '/page');
        clock.advance(1);
        expect(text).not.toBe('{"run":1}');
      });
      slow.destroy();
    });
  });
});
