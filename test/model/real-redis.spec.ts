import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ModelField, TRACKED, type Removal } from '../support/model/model-field.js';
import { CHANGES, KINDS, latecomers, programs } from '../support/model/programs.js';
import { RealRedis } from '../support/model/real-redis.js';
import { REMOVALS } from '../support/model/removals.js';

/** Pauses are drawn at random: a run is to be the same each time. */
vi.spyOn(Math, 'random').mockReturnValue(0.5);

const RUNS = 25;

let real: RealRedis;
beforeAll(async () => {
  real = await RealRedis.start(TRACKED);
});
afterAll(() => real.stop());

/** Plays programs on a real Redis beside the model, whose scripts may be others. */
function onBoth(all: ReturnType<typeof latecomers>, { scripts }: Removal = {}): fc.IAsyncProperty<unknown> {
  return fc.asyncProperty(all, fc.scheduler(), async (program, scheduler) => {
    await real.empty();
    const field = new ModelField(scheduler, program.nodes, scripts && { scripts }, real);
    const violations = await field.violationsOf(program);
    fc.pre(!field.void);
    expect(violations).toEqual([]);
  });
}

describe.each(KINDS)('with $what', ({ programs: kind }) => {
  it.each(CHANGES)(
    'a real Redis does what the model does, and no cache serves what %s has invalidated',
    async (change) => {
      await fc.assert(onBoth(kind(change)), { numRuns: RUNS });
    },
  );
});

/** Scripts of the model that do something else than Redis. */
const FLAWED = [
  ['a fill needs the lease that it began with', latecomers('del')],
  ['a removal ends the lease', latecomers('del')],
  ['an expiry ends the lease', latecomers('expire')],
  ['a barrier removes what is there', programs('mutate', false)],
  ['tags that only the result names were not invalidated during the load', latecomers('invalidateTags')],
] as const;

it.each(FLAWED)('a real Redis does something else than a model that forgets that %s', async (name, all) => {
  const found = await fc.check(onBoth(all, REMOVALS[name]), { numRuns: 300, endOnFailure: true, seed: 7 });
  expect(found.failed).toBe(true);
});
