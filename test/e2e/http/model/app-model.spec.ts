import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Platform } from '../response-app.js';
import { appPrograms } from './app-program.js';
import { check, type Counts } from './check.js';
import { startModelApps, type ModelApps } from './model-apps.js';
import { ROUTES } from './model-routes.js';
import { Player } from './play.js';

/** How many programs are played in all: `HTTP_MODEL_RUNS=20000` takes about twenty minutes. */
const RUNS = Number(process.env['HTTP_MODEL_RUNS'] ?? 240);
/** Plays the programs of a failure again, which tells its seed. */
const SEED = process.env['HTTP_MODEL_SEED'];

/** Which of the two applications have a memory in front of Redis. */
const MEMORIES: Platform[][] = [['express'], ['fastify'], ['express', 'fastify']];
const EACH = Math.ceil(RUNS / MEMORIES.length);

describe.each(MEMORIES.map((remembering) => [remembering.join(' and '), remembering] as const))(
  'two applications on one Redis, with a memory in front of it on %s',
  (_, remembering) => {
    const player = new Player();
    let apps: ModelApps;

    beforeAll(async () => {
      apps = await startModelApps(player, remembering);
      player.use(apps);
    });
    afterAll(() => apps.close());

    it(
      'serve what some run, allowed for that request by RFC 9111, has made',
      async () => {
        const counts: Counts = {};
        await fc.assert(
          fc.asyncProperty(appPrograms(ROUTES), (program) => check(player, program, counts)),
          { numRuns: EACH, ...(SEED !== undefined && { seed: Number(SEED) }) },
        );
        expect(counts.fresh).toBeGreaterThan(EACH / 3);
        expect(counts['not modified']).toBeGreaterThan(EACH / 6);
        expect(counts['surely stored']).toBeGreaterThan(0);
      },
      120_000 + RUNS * 1_000,
    );
  },
);
