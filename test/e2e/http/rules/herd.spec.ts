import { Controller, Get, Header, Param, Req } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { send } from '../http-client.js';
import { startModuleApp, type ModuleApp } from '../module-app.js';
import { platforms } from '../response-app.js';

let runs: string[] = [];
/** Runs of a handler that are to go on side by side before one of them ends. */
const SIDE_BY_SIDE = 20;
let together: Together;

/** Opens once so many have come. */
class Together {
  readonly opened: Promise<void>;
  #open!: () => void;
  #come = 0;

  constructor() {
    this.opened = new Promise((resolve) => (this.#open = resolve));
  }

  come(): Promise<void> {
    this.#come += 1;
    if (this.#come === SIDE_BY_SIDE) this.#open();
    return this.opened;
  }
}

/** A handler that takes its time. */
async function handled<T>(what: string, answer: T): Promise<T> {
  runs.push(what);
  await sleep(50);
  return answer;
}

interface AnyRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
}

@Controller()
class HerdController {
  @Get('page/:id')
  @Cacheable({ ttl: '1m' })
  page(@Param('id') id: string) {
    return handled(id, { id });
  }

  @Get('own')
  @Cacheable({ ttl: '1m' })
  @Header('Set-Cookie', 'visit=1')
  async own() {
    runs.push('own');
    // All wait for the first.
    if (runs.length > 1) await together.come();
    return { own: true };
  }

  @Get('greeting')
  @Cacheable({ ttl: '1m' })
  @Header('Vary', 'Accept-Language')
  greeting(@Req() { headers }: AnyRequest) {
    const language = headers['accept-language'] ?? 'none';
    return handled(language, { language });
  }
}

describe('rule 15: many requests for a cold URL at once, to two applications on one Redis', () => {
  describe.each(platforms)('%s', (platform) => {
    let redis: RedisServer;
    let apps: ModuleApp[] = [];
    let tests = 0;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());
    beforeEach(async () => {
      runs = [];
      together = new Together();
      const keyPrefix = `herd${(tests += 1)}`;
      const start = () =>
        startModuleApp({ platform, controllers: [HerdController], redis: redis.url, keyPrefix });
      apps = await Promise.all([start(), start()]);
    });
    afterEach(async () => {
      for (const app of apps) await app.close();
    });

    /** The bodies of so many requests, half of them to each application. */
    async function ask(
      count: number,
      path: string,
      headers: (at: number) => Record<string, string> = () => ({}),
    ): Promise<string[]> {
      const replies = await Promise.all(
        Array.from({ length: count }, (_, at) =>
          send((apps[at % 2] as ModuleApp).url, path, { headers: headers(at) }),
        ),
      );
      return replies.map(({ text }) => text);
    }

    it('run its handler once', async () => {
      const texts = await ask(1_000, '/page/1');
      expect(new Set(texts)).toEqual(new Set(['{"id":"1"}']));
      expect(runs).toEqual(['1']);
    });

    it('whose response is for one client alone run side by side', async () => {
      const texts = await ask(100, '/own');
      expect(texts).toEqual(texts.map(() => '{"own":true}'));
      expect(runs).toHaveLength(100);
    });

    it('run it once per variant, though nobody knew that there are any', async () => {
      const languages = ['de', 'en', 'fr'];
      const texts = await ask(300, '/greeting', (at) => ({ 'accept-language': languages[at % 3] as string }));
      expect(texts).toEqual(texts.map((_, at) => JSON.stringify({ language: languages[at % 3] })));
      expect(runs.toSorted()).toEqual(languages);
    });
  });
});
