import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { ModelField } from '../support/model/model-field.js';
import { CHANGES, programs } from '../support/model/programs.js';

/** Pauses are drawn at random: a run is to be the same each time. */
vi.spyOn(Math, 'random').mockReturnValue(0.5);

const RUNS = 150;

describe.each([
  { wild: false, where: 'sound connections' },
  { wild: true, where: 'evictions, lost answers, connections and channels' },
])('under $where', ({ wild }) => {
  it.each(CHANGES)('no order of events lets a cache serve what %s has invalidated', async (change) => {
    await fc.assert(
      fc.asyncProperty(programs(change, wild), fc.scheduler(), async (program, scheduler) => {
        const field = new ModelField(scheduler, program.nodes);
        expect(await field.violationsOf(program)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});
