import { Controller, Get, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import { send } from '../../e2e/http/http-client.js';
import { platforms } from '../../e2e/http/response-app.js';
import { pagesOf, redisOfTest, Script, Site } from './site.js';

const LIMIT = { timeout: 90_000 };
/** Longer than any test: whoever waits for it to pass makes the test fail. */
const WAIT = '10m';

type AnyResponse = ServerResponse & { readonly raw?: ServerResponse };

/** What a handler does to its response before it throws, or gives something. */
const STARTS: Record<string, (response: ServerResponse) => void> = {
  'has sent its headers': (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
  },
  'has sent a part of its body': (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.write('{"path":"/pages/1"');
  },
};

describe.each(platforms)('a handler on %s', (platform) => {
  async function open(script: Script, controller = pagesOf(script)) {
    const redis = await redisOfTest();
    return Site.open({
      platform,
      script,
      controllers: [controller],
      redis: redis.url,
      connection: { deadline: 5_000 },
    });
  }

  const endings = Object.keys(STARTS).flatMap((start) => [
    [start, 'throws'] as const,
    [start, 'gives a value'] as const,
  ]);

  it.each(endings)(
    'that %s and %s keeps nobody waiting, and nothing is stored',
    LIMIT,
    async (start, ends) => {
      const script = new Script();
      let broken = true;

      @Controller('pages')
      class Pages {
        @Get('1')
        @Cacheable({ ttl: '5m', response: { wait: WAIT } })
        async show(@Res({ passthrough: true }) response: AnyResponse) {
          const page = await script.run('/pages/1');
          if (!broken) return page;
          STARTS[start]?.(response.raw ?? response);
          if (ends === 'throws') throw new Error('too late');
          return page;
        }
      }
      const site = await open(script, Pages);
      const release = script.hold();
      const answered = await site.receives(10, () =>
        // What its client gets then is none of the cache's business.
        Promise.allSettled(
          Array.from({ length: 10 }, (_, at) => send(site.apps[at % 2 ? 1 : 0].url, '/pages/1')),
        ),
      );
      await script.began(1);
      release();
      const parts = (await answered()).map((one) => (one.status === 'fulfilled' ? one.value.text : ''));
      for (const part of parts) expect(['', '{"path":"/pages/1"']).toContain(part);
      expect(script.runs).toHaveLength(10);
      await site.drain();
      broken = false;
      expect((await site.caches('/pages/1')).run).toBeGreaterThan(10);
    },
  );

  it(
    'that never answers keeps others waiting for `wait` and no longer, here and elsewhere',
    LIMIT,
    async () => {
      const script = new Script();
      const site = await open(script, pagesOf(script, { wait: 500 }));
      const release = script.hold();
      const hung = site.page('/pages/1');
      await script.began(1);
      script.letPass();
      const pages = await site.pages('/pages/1', 20);
      for (const { run } of pages) expect(run).toBeGreaterThan(1);
      release();
      expect((await hung).run).toBe(1);
      await site.caches('/pages/1');
    },
  );

  it(
    'that gives more than is stored answers all of it, and the others run it side by side',
    LIMIT,
    async () => {
      const script = new Script();
      script.text = 'x'.repeat(20_000);
      const site = await open(script, pagesOf(script, { wait: WAIT, maxBodyBytes: 10_000 }));
      let release = script.hold();
      const first = await site.receives(10, () => site.pages('/pages/1', 10));
      await script.began(1);
      expect(script.runs).toHaveLength(1);
      release();
      await first();
      expect(script.runs).toHaveLength(10);
      await site.drain();

      release = script.hold();
      const second = await site.receives(10, () => site.pages('/pages/1', 10));
      await script.began(20);
      release();
      await second();
      expect(script.runs).toHaveLength(20);
    },
  );
});
