import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Platform } from '../response-app.js';
import { appPrograms, type AppProgram } from './app-program.js';
import { Judge, type Answered } from './judge.js';
import { startModelApps, type ModelApps } from './model-apps.js';
import { TICK } from './model-routes.js';
import { surelyStored } from './must-be-hit.js';
import { Player } from './play.js';
import type { Ask } from './record.js';
import { storyOf } from './story.js';

/** How many programs are played in all: `HTTP_MODEL_RUNS=20000` takes about twenty minutes. */
const RUNS = Number(process.env['HTTP_MODEL_RUNS'] ?? 300);
/** Plays the programs of a failure again, which tells its seed. */
const SEED = process.env['HTTP_MODEL_SEED'];

/** Which of the two applications have a memory in front of Redis. */
const MEMORIES: Platform[][] = [['express'], ['fastify'], ['express', 'fastify']];
const EACH = Math.ceil(RUNS / MEMORIES.length);

type Counts = Partial<Record<Answered | 'surely stored', number>>;

/** Plays a program, throws if an answer is wrong, and counts what there was. */
async function check(player: Player, program: AppProgram, counts: Counts): Promise<void> {
  const played = await player.play(program);
  // The machine stood still for so long that the model cannot tell what time it was.
  fc.pre(played.drift < TICK / 2);
  const judge = new Judge(program.route, played);
  const count = (what: keyof Counts): void => void (counts[what] = (counts[what] ?? 0) + 1);
  const wrongOf = (ask: Ask): string[] => {
    const { answered, wrong } = judge.verdict(ask);
    count(answered);
    const stored = surelyStored(ask, played, judge);
    if (stored === undefined) return [...wrong];
    count('surely stored');
    return ask.runs.length === 0 ? [...wrong] : [...wrong, `run ${stored.made.id} was not stored`];
  };
  const wrong = played.asks.flatMap((ask) => wrongOf(ask).map((reason) => `answer to ${ask.id}: ${reason}`));
  if (wrong.length > 0) throw new Error(`${wrong.join('\n')}\n${storyOf(played)}`);
}

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
          fc.asyncProperty(appPrograms, (program) => check(player, program, counts)),
          { numRuns: EACH, ...(SEED !== undefined && { seed: Number(SEED) }) },
        );
        expect(counts.fresh).toBeGreaterThan(EACH / 3);
        expect(counts['not modified']).toBeGreaterThan(EACH / 6);
        expect(counts['surely stored']).toBeGreaterThan(EACH / 20);
      },
      120_000 + RUNS * 1_000,
    );
  },
);
