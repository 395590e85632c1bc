import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ModelField } from '../support/model/model-field.js';
import { CHANGES, KINDS } from '../support/model/programs.js';

/** Pauses are drawn at random: a run is to be the same each time. */
vi.spyOn(Math, 'random').mockReturnValue(0.5);

const RUNS = 150;

describe.each(KINDS)('with $what', ({ programs }) => {
  it.each(CHANGES)(
    'no order of events lets a cache serve what %s has invalidated, or two load at once',
    async (change) => {
      await fc.assert(
        fc.asyncProperty(programs(change), fc.scheduler(), async (program, scheduler) => {
          const field = new ModelField(scheduler, program.nodes);
          expect(await field.violationsOf(program)).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
  );
});
