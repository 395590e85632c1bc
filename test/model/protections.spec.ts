import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { ModelField } from '../support/model/model-field.js';
import { latecomers, programs, type Program } from '../support/model/programs.js';
import { REMOVALS } from '../support/model/removals.js';

/** Pauses are drawn at random: a run is to be the same each time. */
vi.spyOn(Math, 'random').mockReturnValue(0.5);

const RUNS = 1_000;

/** The programs that show it. */
const SHOWN_BY: Readonly<Record<keyof typeof REMOVALS, fc.Arbitrary<Program>>> = {
  'a fill needs the lease that it began with': latecomers('del'),
  'a removal ends the lease': latecomers('del'),
  'an expiry ends the lease': latecomers('expire'),
  'a barrier removes what is there': programs('mutate', false),
  'a memory remembers nothing that changed while it was looked for': programs('del', false),
  'a memory forgets what its own process changes': programs('invalidateTags', false),
  'versions are captured before the loader runs': latecomers('invalidateTags'),
  'who comes late is given nothing that was invalidated before': latecomers('del'),
  'tags that only the result names were not invalidated during the load': latecomers('invalidateTags'),
  'a lease is not taken from who holds it': programs('del', false),
  'who finds a lease held waits': programs('del', false),
  'what may have been done in vain is remembered': programs('del', true),
};

it.each(Object.entries(REMOVALS))(
  'the model finds what gets in unless %s',
  async (name, removal) => {
    const property = fc.asyncProperty(
      SHOWN_BY[name as keyof typeof REMOVALS],
      fc.scheduler(),
      async (program, scheduler) => {
        const field = new ModelField(scheduler, program.nodes, removal);
        return (await field.violationsOf(program)).length === 0;
      },
    );
    const found = await fc.check(property, { numRuns: RUNS, endOnFailure: true, seed: 7 });
    expect(found.failed).toBe(true);
  },
  60_000,
);
