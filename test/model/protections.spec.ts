import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { ModelField } from '../support/model/model-field.js';
import { programs, type Change } from '../support/model/programs.js';
import { REMOVALS } from '../support/model/removals.js';

/** Pauses are drawn at random: a run is to be the same each time. */
vi.spyOn(Math, 'random').mockReturnValue(0.5);

const RUNS = 1_000;

/** The changes that show it, and whether something has to happen to Redis or the nodes. */
const SHOWN_BY: Readonly<Record<string, readonly [change: Change, wild: boolean]>> = {
  'a barrier removes what is there': ['mutate', false],
  'versions are captured before the loader runs': ['invalidateTags', false],
  'a memory forgets what its own process changes': ['invalidateTags', false],
  'an expiry ends the lease': ['expire', false],
  'what may have been done in vain is remembered': ['del', true],
};

it.each(Object.entries(REMOVALS))(
  'the model finds what gets in unless %s',
  async (name, removal) => {
    const [change, wild] = SHOWN_BY[name] ?? ['del', false];
    const found = await fc.check(
      fc.asyncProperty(programs(change, wild), fc.scheduler(), async (program, scheduler) => {
        const field = new ModelField(scheduler, program.nodes, removal);
        return (await field.violationsOf(program)).length === 0;
      }),
      { numRuns: RUNS, endOnFailure: true, seed: 7 },
    );
    expect(found.failed).toBe(true);
  },
  60_000,
);
