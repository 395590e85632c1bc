import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { counter } from '../routes.js';
import { appsOn, BY_HEADERS, MODES, platforms, type Handler, type RuleApp } from './rule-app.js';

/** A handler whose response says that it was selected by these headers. */
function varying(vary: string | ((headers: Readonly<Record<string, unknown>>) => string)): Handler {
  const run = counter();
  return ({ headers }, response) => {
    response.header('Cache-Control', 'max-age=60');
    response.header('Vary', typeof vary === 'string' ? vary : vary(headers));
    return run();
  };
}

describe('rule 10: responses are kept apart by what Vary says', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    /** The numbers of the runs that requests with these headers are answered with. */
    async function runsOf({ visit }: RuleApp, ...all: Record<string, string>[]): Promise<number[]> {
      const found: number[] = [];
      for (const headers of all) {
        found.push((JSON.parse((await visit('/page', headers)).text) as { run: number }).run);
      }
      return found;
    }

    describe.each(MODES)('decided %s', (_mode, http) => {
      it.each([' Accept-Language ', 'ACCEPT-LANGUAGE', 'X-A ,\taccept-language', 'accept-language,,'])(
        'names are trimmed, in any case: %j',
        async (vary) => {
          const app = await start(varying(vary), { http });
          const [de, en] = [{ 'Accept-Language': 'de' }, { 'Accept-Language': 'en' }];
          expect(await runsOf(app, de, en, de, en)).toEqual([1, 2, 1, 2]);
        },
      );

      it('a header that is missing is not one that is empty, and values never run together', async () => {
        const app = await start(varying('X-A, X-B'), { http });
        const all = [
          {},
          { 'X-A': '' },
          { 'X-A': 'ab', 'X-B': 'c' },
          { 'X-A': 'a', 'X-B': 'bc' },
          { 'X-B': '' },
        ];
        expect(await runsOf(app, ...all, ...all)).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
      });

      it('names add up: the last response does not undo what an earlier one has told', async () => {
        const app = await start(
          varying(({ 'x-b': b }) => (b === undefined ? 'X-A' : 'X-B')),
          { http },
        );
        const [a1, a2] = [{ 'X-A': '1' }, { 'X-A': '2' }];
        const [b1, b2] = [
          { 'X-A': '3', 'X-B': '1' },
          { 'X-A': '3', 'X-B': '2' },
        ];
        expect(await runsOf(app, a1, a2)).toEqual([1, 2]);
        await runsOf(app, b1);
        // Whatever was forgotten for a moment, none of them is given another one's.
        const all = await runsOf(app, a1, a2, b1, b2);
        expect(new Set(all).size).toBe(4);
        expect(await runsOf(app, a1, a2, b1, b2)).toEqual(all);
      });

      it('what one process has learned, another one finds', async () => {
        const shared = { http, redis: redis.url, keyPrefix: `${platform}${Math.random()}` };
        const one = await start(varying('X-A'), shared);
        const [a1, a2] = [{ 'X-A': '1' }, { 'X-A': '2' }];
        expect(await runsOf(one, a1, a2)).toEqual([1, 2]);
        const other = await start(varying('X-A'), shared);
        expect(await runsOf(other, a2, a1, {})).toEqual([2, 1, 1]);
        expect(await runsOf(one, {})).toEqual([1]);
      });

      it('a process stores 32 variants of a URL, and answers further ones all the same', async () => {
        const app = await start(varying('X-A'), { http });
        const all = Array.from({ length: 40 }, (_, index) => ({ 'X-A': `${index}` }));
        const first = await runsOf(app, ...all);
        const again = await runsOf(app, ...all);
        const kept = again.filter((run, index) => run === first[index]).length;
        expect(kept).toBeGreaterThan(25);
        expect(kept).toBeLessThanOrEqual(32);
        expect((await app.lives()).length).toBeLessThanOrEqual(33);
      });
    });

    it('where the headers decide, values that mean the same are the same', async () => {
      const app = await start(varying('Accept-Language, Accept'), { http: BY_HEADERS });
      const said = ['de-DE, en;q=0.5', 'DE-de,en;q=0.5', ' de-de ,  en ; q=0.5', 'de-de'];
      expect(await runsOf(app, ...said.map((one) => ({ 'Accept-Language': one })))).toEqual([1, 1, 1, 2]);
      const types = ['text/html, text/plain', 'text/html,text/plain', 'text/plain,text/html'];
      expect(await runsOf(app, ...types.map((one) => ({ Accept: one })))).toEqual([3, 3, 4]);
    });

    it('where the route decides, values count as they are written', async () => {
      const app = await start(varying('Accept-Language'));
      const said = ['de-DE, en', 'DE-de, en', 'de-DE,en', 'de-DE, en'];
      expect(await runsOf(app, ...said.map((one) => ({ 'Accept-Language': one })))).toEqual([1, 2, 3, 1]);
    });

    it('headers that the policy has in the key are named in Vary, on a miss and on a hit', async () => {
      const { visit } = await start(varying('X-B'), { http: { vary: ['x-a'] } });
      for (const stage of ['miss', 'hit']) {
        const { headers } = await visit('/page');
        expect([stage, headers.vary?.toLowerCase()]).toEqual([stage, 'x-b, x-a']);
      }
    });
  });
});
