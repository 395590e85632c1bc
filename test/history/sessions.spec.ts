import { describe, expect, it } from 'vitest';
import type { FaultName } from '../support/history/faults.js';
import { LOSSLESS_FAULTS } from '../support/history/lossless-faults.js';
import { ms } from '../support/history/moment.js';
import { Playground } from '../support/history/playground.js';
import { chosenSeed } from '../support/history/random.js';
import { startBlobApp } from '../support/history/sessions/blob-app.js';
import { checkVisits } from '../support/history/sessions/check-visits.js';
import { ownApps, sessionHistory } from '../support/history/sessions/session-history.js';
import { toldVisits } from '../support/history/sessions/session-violation.js';
import type { Visit } from '../support/history/sessions/visit.js';

const BOUNDS = { patience: ms(10_000), delay: ms(100) };
const seed = chosenSeed();
const playground = new Playground();

describe(`sessions that people use in many tabs (HISTORY_SEED=${seed})`, () => {
  async function expectNoViolation(time: number, faults?: readonly FaultName[]): Promise<readonly Visit[]> {
    const { redis, proxy } = playground;
    const apps = await ownApps({ redis, proxy }, playground.keyPrefix());
    const { visits } = await sessionHistory(apps, { redis, proxy, seed, time, ...(faults && { faults }) });
    expect(toldVisits(checkVisits(visits, BOUNDS))).toBe('');
    expect(visits).toContainEqual(expect.objectContaining({ operation: 'write', status: 200 }));
    return visits;
  }

  it('are never lost, never mixed up, never revived, and keep what was answered 200', async () => {
    const visits = await expectNoViolation(2_000);
    for (const operation of ['rotate', 'login', 'regenerate', 'logout', 'end all']) {
      expect(visits).toContainEqual(expect.objectContaining({ operation, status: 200 }));
    }
  });

  it.each(Object.entries(LOSSLESS_FAULTS))('are not when %s', async (_, faults) => {
    await expectNoViolation(3_000, faults);
  });

  it('are not whatever goes wrong', async () => {
    await expectNoViolation(4_000, Object.values(LOSSLESS_FAULTS).flat());
  });
});

describe(`the same history of sessions that are stored as a whole (HISTORY_SEED=${seed})`, () => {
  it('is full of lost updates, and of sessions that were ended', async () => {
    const { redis, proxy } = playground;
    const prefix = playground.keyPrefix();
    const apps = [await startBlobApp(proxy.url, prefix), await startBlobApp(redis.url, prefix)];
    const { visits } = await sessionHistory(apps, { redis, proxy, seed, time: 2_000 });
    const rules = checkVisits(visits, BOUNDS).map(({ rule }) => rule);
    expect(rules).toContain('lost update');
    expect(rules).toContain('revived');
  });
});
