import { Controller, Get } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { eventually } from '../../../support/eventually.js';
import { send } from '../http-client.js';
import { startModuleApp, type ModuleApp } from '../module-app.js';
import { platforms } from '../response-app.js';

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
    let app: ModuleApp | undefined;
    afterEach(() => app?.close());

    it('is stored though middleware looks at who was asking once a response is finished', async () => {
      runs = 0;
      const seen: unknown[] = [];
      app = await startModuleApp({
        platform,
        controllers: [NewsController],
        prepare: (nest) =>
          nest.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
            response.on('finish', () => seen.push(request.headers.cookie));
            next();
          }),
      });
      const { url } = app;
      const ask = () => send(url, '/news', { headers: { Cookie: 'a=1' } });
      expect((await ask()).text).toBe('{"run":1}');
      await app.drain();
      await eventually(async () => {
        const { text, headers } = await ask();
        expect(text).not.toBe('{"run":1}');
        expect(headers['cache-status']).toMatch(/^news; hit/);
      });
      expect(seen).toContain('a=1');
    });
  });
});
