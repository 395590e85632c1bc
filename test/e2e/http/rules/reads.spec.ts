import { Logger } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { counter } from '../routes.js';
import { appsOn, platforms, type Handler } from './rule-app.js';

const readers: Record<string, { readonly handle: Handler; readonly told: string }> = {
  language: { handle: ({ headers }) => headers['accept-language'], told: 'the header accept-language' },
  address: { handle: (request) => Reflect.get(request, 'ip'), told: "the client's address" },
  host: { handle: ({ hostname }) => hostname, told: 'the host' },
};

describe('rule 20: what a handler reads that is not part of the key', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);
    const env = process.env['NODE_ENV'];
    afterEach(() => {
      process.env['NODE_ENV'] = env;
      vi.restoreAllMocks();
    });

    /** Asks routes that read something each, twice: what was stored, and what the log says. */
    async function readings(http: { strict?: boolean } = {}) {
      const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
      const log = vi.spyOn(Logger.prototype, 'log').mockReturnValue();
      const run = counter();
      const routes = Object.entries(readers).map(([name, { handle }]): [string, Handler] => [
        name,
        (...args) => (void handle(...args), run()),
      ]);
      const { keeps } = await start(Object.fromEntries(routes), { http });
      const kept: string[] = [];
      for (const name of Object.keys(readers)) if (await keeps(`/${name}`)) kept.push(name);
      const said = (calls: readonly unknown[][]) =>
        calls
          .flat()
          .map(String)
          .filter((line) => line.includes('not part of the key'));
      return { kept, warned: said(warn.mock.calls), logged: said(log.mock.calls) };
    }

    it('is told once per route with the fix where applications are developed, and stored', async () => {
      process.env['NODE_ENV'] = 'development';
      const { kept, warned } = await readings();
      expect(kept).toEqual(Object.keys(readers));
      expect(warned).toHaveLength(kept.length);
      for (const [index, { told }] of Object.values(readers).entries()) {
        expect(warned[index]).toContain(`reads ${told}, which is not part of the key`);
        expect(warned[index]).toContain('Put it into response.vary');
      }
    });

    it('is not told in production', async () => {
      process.env['NODE_ENV'] = 'production';
      const { kept, warned } = await readings();
      expect([kept, warned]).toEqual([Object.keys(readers), []]);
    });

    it.each(['development', 'production'])(
      'is not stored where the route is strict, in %s',
      async (which) => {
        process.env['NODE_ENV'] = which;
        const { kept, logged } = await readings({ strict: true });
        expect(kept).toEqual([]);
        expect(logged).toHaveLength(Object.keys(readers).length);
        for (const [index, { told }] of Object.values(readers).entries()) {
          expect(logged[index]).toContain(
            `was not stored: its handler read ${told}, which is not part of the key`,
          );
        }
      },
    );

    it('what is part of the key is neither told nor refused', async () => {
      const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
      const run = counter();
      const { keeps } = await start(({ headers }) => ({ ...run(), language: headers['accept-language'] }), {
        http: { strict: true, vary: ['accept-language'] },
      });
      expect(await keeps('/page')).toBe(true);
      expect(warn.mock.calls.flat().filter((line) => String(line).includes('key'))).toEqual([]);
    });

    it('what was read before the handler, or is kept in AsyncLocalStorage, is not seen', async () => {
      const visitor = new AsyncLocalStorage<string | undefined>();
      const run = counter();
      const { keeps } = await start(() => ({ ...run(), language: visitor.getStore() }), {
        http: { strict: true },
        prepare: (nest) =>
          nest.use((request: IncomingMessage, _response: unknown, next: () => void) =>
            visitor.run(request.headers['accept-language'], next),
          ),
      });
      expect(await keeps('/page', { 'Accept-Language': 'de' })).toBe(true);
    });
  });
});
