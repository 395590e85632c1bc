import { expect, it } from 'vitest';
import { checkHistory, told } from '../support/history/checker.js';
import { ms } from '../support/history/moment.js';
import { Playground } from '../support/history/playground.js';
import { processHistory } from '../support/history/process-history.js';
import { chosenSeed } from '../support/history/random.js';

const seed = chosenSeed();
const playground = new Playground();

it(`processes that stand still and are killed see nothing that was invalidated (HISTORY_SEED=${seed})`, async () => {
  const { redis, proxy } = playground;
  const keyPrefix = playground.keyPrefix();
  const outcome = await processHistory({ redis, proxy, keyPrefix, seed, time: 2_500, respawn: false });
  const bounds = { delay: ms(1_100), patience: ms(10_000) };
  expect(told(checkHistory(outcome.history, bounds))).toBe('');
  expect(outcome.wrong).toEqual([]);
  const { records } = outcome.history;
  const readers = new Set(records.flatMap((one) => (one.type === 'read' ? [one.node] : [])));
  expect(readers.size).toBeGreaterThan(1);
}, 90_000);
