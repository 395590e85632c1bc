import { describe, expect, it } from 'vitest';
import { platforms } from '../response-app.js';
import { attackedRoutes, Runs, startAttackedApp, type Attacked } from './attacked-app.js';

const ORIGIN = { origin: 'https://attacker.example' };

/** What an attacker's requests for a page are answered with, and what keeps that out of the cache. */
const causes: Record<string, (...args: Parameters<Attacked['handle']>) => void> = {
  'an origin that is reflected': (request, response) =>
    void response.header('Access-Control-Allow-Origin', String(request.headers.origin)),
  'a cookie': (_request, response) => void response.header('Set-Cookie', 'seen=1'),
  'a status': (_request, response) => void response.status(404),
};

describe.each(platforms)('a page that an attacker asks for all the time on %s', (platform) => {
  it.each(Object.entries(causes))(
    'is cached again soon, though his own responses cannot be stored: %s',
    async (_cause, spoil) => {
      const runs = new Runs();
      const route: Attacked = {
        path: 'page',
        handle: (request, response) => {
          if (request.headers.origin !== undefined) spoil(request, response);
          return { run: runs.next() };
        },
      };
      const app = await startAttackedApp({ platform, controllers: [attackedRoutes(route)] });
      try {
        await app.visit('/page', ORIGIN);
        let before: number;
        let asked = 0;
        do {
          await app.visit('/page', ORIGIN);
          before = runs.count;
          await app.visit('/page');
          asked += 1;
          // Each request tries with a chance of one to eight: that 200 do not is as likely as 1 to 400,000,000,000.
        } while (runs.count > before && asked < 200);
        expect(runs.count).toBe(before);
        const stored = await app.visit('/page');
        expect(runs.count).toBe(before);
        expect(stored.status).toBe(200);
        expect(stored.headers).not.toHaveProperty('access-control-allow-origin');
        expect(stored.headers).not.toHaveProperty('set-cookie');
        expect((await app.visit('/page', ORIGIN)).text).toBe(stored.text);
      } finally {
        await app.close();
      }
    },
  );
});
