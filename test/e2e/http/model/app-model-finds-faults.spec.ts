import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { NamedCache } from '../../../../src/cache/named-cache.js';
import { ResponseStorage } from '../../../../src/http/engine/response-storage.js';
import { UnsafeMethods } from '../../../../src/http/invalidation/unsafe-methods.js';
import type { ModelRoute } from '../../../support/http-model/messages.js';
import { appPrograms } from './app-program.js';
import { check } from './check.js';
import { startModelApps, type ModelApps } from './model-apps.js';
import { ROUTES, type AppRoute } from './model-routes.js';
import { Player } from './play.js';

const PROGRAMS = 600;

describe('the model of two applications', { timeout: 180_000 }, () => {
  const player = new Player();
  let apps: ModelApps;

  beforeAll(async () => {
    apps = await startModelApps(player, ['express']);
    player.use(apps);
  });
  afterAll(() => apps.close());

  /** Whether programs of a route are found wrong that is judged as if it were another one. */
  const isFound = async (name: string, judgedAs: (route: AppRoute) => AppRoute): Promise<boolean> => {
    const programs = appPrograms(ROUTES.filter((route) => route.name === name));
    const property = fc.asyncProperty(programs, (program) =>
      check(player, { ...program, route: judgedAs(program.route) }, {}),
    );
    return (await fc.check(property, { numRuns: PROGRAMS, endOnFailure: true })).failed;
  };

  const as =
    (said: Partial<ModelRoute>) =>
    (route: AppRoute): AppRoute => ({ ...route, model: { ...route.model, ...said } });

  it.each<[what: string, name: string, judgedAs: (route: AppRoute) => AppRoute]>([
    ['that lives for too long', 'visitors', as({ ttl: 1 })],
    ['that is served stale while it is renewed', 'lasting', as({ revalidate: 0 })],
    ['that stands in for an error for too long', 'users', as({ error: 0 })],
    ['that is given to somebody else', 'everybody', as({ audience: 'anonymous' })],
    ["that is another user's", 'everybody', as({ audience: 'user' })],
    ['that was selected by another header', 'visitors', as({ keysTenant: true })],
    ['of another query', 'everybody', (route) => ({ ...route, query: undefined })],
    ['of an unlisted status', 'visitors', as({ statuses: [] })],
    ['that does not say how long it lives', 'visitors', as({ mode: 'headers' })],
    ['with a header of another response', 'visitors', (route) => ({ ...route, dropsMine: true })],
  ])('finds a response %s', async (_, name, judgedAs) => {
    expect(await isFound(name, judgedAs)).toBe(true);
  });

  describe('where the cache is broken', () => {
    const asItIs = (route: AppRoute): AppRoute => route;
    const spies: { mockRestore(): void }[] = [];
    afterEach(() => spies.splice(0).forEach((spy) => spy.mockRestore()));

    it('finds that requests which change something leave everything as it was', async () => {
      spies.push(
        vi
          .spyOn(UnsafeMethods.prototype, 'follow')
          .mockImplementation((_context, _exchange, source) => source),
      );
      expect(await isFound('visitors', asItIs)).toBe(true);
    });

    it('finds that what is invalidated is still there', async () => {
      spies.push(vi.spyOn(NamedCache.prototype, 'invalidateTags').mockResolvedValue(undefined));
      expect(await isFound('everybody', asItIs)).toBe(true);
    });

    it('finds that nothing is stored', async () => {
      const alone = { kind: 'alone', filler: undefined } as const;
      spies.push(vi.spyOn(ResponseStorage.prototype, 'ask').mockResolvedValue(alone));
      expect(await isFound('visitors', asItIs)).toBe(true);
    });
  });
});
