import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { checkHistory, told } from '../support/history/checker.js';
import { memoryDatabase } from '../support/history/database.js';
import { FAULTS, type FaultName } from '../support/history/faults.js';
import { LOSSLESS_FAULTS } from '../support/history/lossless-faults.js';
import { ms } from '../support/history/moment.js';
import { naiveNode, publishingNode } from '../support/history/naive-nodes.js';
import type { Outcome } from '../support/history/own-history.js';
import { Playground } from '../support/history/playground.js';
import { chosenSeed } from '../support/history/random.js';
import type { History } from '../support/history/record.js';
import { runHistory } from '../support/history/run-history.js';

/** Ping interval and limit of the channel, and 100 ms. */
const BOUNDS = { delay: ms(1_100), patience: ms(10_000) };
/** What may go wrong, in groups. Together they are all of it. */
const GROUPS: Record<string, readonly FaultName[]> = {
  ...LOSSLESS_FAULTS,
  'the channels fail': ['the channels are killed', 'the channels are silent'],
  'Redis comes back empty': ['Redis is killed and comes back empty'],
  'keys are lost': ['keys are evicted', 'all data is flushed'],
  'wall clocks jump': ['wall clocks jump'],
};

const seed = chosenSeed();
const playground = new Playground();

function expectNoViolation({ history, wrong }: Outcome): void {
  expect(told(checkHistory(history, BOUNDS))).toBe('');
  expect(wrong).toEqual([]);
}

describe(`what nodes see of each other (HISTORY_SEED=${seed})`, () => {
  it('is never older than what was invalidated, and all is tidy afterwards', async () => {
    const outcome = await playground.run({ seed, time: 2_200 });
    expectNoViolation(outcome);
    const { records } = outcome.history;
    const writes = records.filter((one) => one.type === 'write');
    // What is not there cannot be expired; everything else is acknowledged where nothing goes wrong.
    const lost = writes.filter(({ acknowledged, operation }) => !acknowledged && operation !== 'expire');
    expect(lost).toEqual([]);
    const peeks = records.filter((one) => one.type === 'read' && one.operation === 'peek');
    expect(peeks.filter((one) => one.type === 'read' && one.value !== undefined)).not.toEqual([]);
    await eventually(async () => expect(await playground.leasesAndBarriers()).toEqual([]));
  });

  it.each(Object.entries(GROUPS))('is not older when %s', async (_, faults) => {
    expectNoViolation(await playground.run({ seed, time: 1_200, faults }));
  });

  it('is not older where Redis tracks no keys for them and the writers tell', async () => {
    await playground.redis.cli(
      'ACL',
      'SETUSER',
      'untracked',
      'on',
      '>secret',
      '~*',
      '&*',
      '+@all',
      '-client|tracking',
    );
    // All have a memory: who has none tells nobody.
    const caches = { a: { memory: {} }, b: { memory: {} }, c: { memory: {}, stale: { revalidate: 100 } } };
    const faults = [...(GROUPS['the channels fail'] ?? []), ...(GROUPS['connections fail'] ?? [])];
    const user = 'untracked:secret';
    expectNoViolation(await playground.run({ seed, time: 1_500, faults, caches, user }));
  });

  it('is not older whatever goes wrong', async () => {
    const faults = Object.keys(FAULTS) as FaultName[];
    expectNoViolation(await playground.run({ seed, time: 2_000, faults, pause: 400 }));
    expect(new Set(Object.values(GROUPS).flat())).toEqual(new Set(faults));
  });
});

describe(`the same history of naive caches (HISTORY_SEED=${seed})`, () => {
  async function historyOf(make: typeof naiveNode): Promise<History> {
    const keyPrefix = playground.keyPrefix();
    const { url } = playground.redis;
    const nodes = await Promise.all(['a', 'b', 'c'].map((name) => make({ name, url, keyPrefix })));
    const history = await runHistory({ nodes, database: memoryDatabase(), seed, time: 1_200 });
    for (const node of nodes) await node.close();
    return history;
  }

  it('is full of old values without a lease, and of loads', async () => {
    const rules = checkHistory(await historyOf(naiveNode), BOUNDS).map(({ rule }) => rule);
    expect(rules).toContain('freshness');
    expect(rules).toContain('single load');
  });

  it('is full of old values with a memory that hears of changes after they were made', async () => {
    const rules = checkHistory(await historyOf(publishingNode), BOUNDS).map(({ rule }) => rule);
    expect(rules).toContain('freshness');
  });
});
