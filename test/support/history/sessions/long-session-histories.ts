import { startRedis } from '../../redis-server.js';
import { LOSSLESS_FAULTS } from '../lossless-faults.js';
import { moment, ms } from '../moment.js';
import { DURABLE } from '../run-history.js';
import { TcpProxy } from '../tcp-proxy.js';
import { startBlobApp } from './blob-app.js';
import { checkVisits } from './check-visits.js';
import { ownApps, sessionHistory, type SessionHistoryOptions } from './session-history.js';
import { toldVisits, type SessionRule } from './session-violation.js';
import type { VisitedApp } from './visited-app.js';

/** How long one history lasts, in milliseconds. */
const ROUND = 10_000;
const BOUNDS = { patience: ms(10_000), delay: ms(100) };
/** What is counted, in this order. */
const RULES: readonly SessionRule[] = ['lost update', 'revived', 'lost session', 'mixed up', 'answer'];

type Site = Pick<SessionHistoryOptions, 'redis' | 'proxy'>;

/** What takes part, and whether things go wrong meanwhile. */
const KINDS: Readonly<
  Record<string, { readonly own: boolean; readonly faulty: boolean; open(site: Site): Promise<VisitedApp[]> }>
> = {
  'ours, no faults': { own: true, faulty: false, open: (site) => ownApps(site, 'long') },
  'ours, all faults': { own: true, faulty: true, open: (site) => ownApps(site, 'long') },
  'express-session with connect-redis, no faults': {
    own: false,
    faulty: false,
    open: async ({ redis }) => [
      await startBlobApp(redis.url, 'long:'),
      await startBlobApp(redis.url, 'long:'),
    ],
  },
};

/** What came of many histories of sessions. */
export interface LongSessionHistories {
  /** Cells: what it was, how many, requests, faults, and violations by rule. */
  readonly rows: readonly (readonly string[])[];
  /** What ours has broken, with the seed of its history. */
  readonly violations: readonly string[];
}

/** Runs histories of sessions of all kinds, one after the other. */
export async function longSessionHistories({
  seconds,
  seed,
}: {
  readonly seconds: number;
  readonly seed: number;
}): Promise<LongSessionHistories> {
  const names = Object.keys(KINDS);
  const counts = new Map(names.map((name) => [name, [0, 0, 0, ...RULES.map(() => 0)]]));
  const violations: string[] = [];
  const end = moment() + ms(seconds * 1_000);
  for (let round = 0; round < names.length || moment() < end; round++) {
    const name = names[round % names.length] as string;
    const found = await oneHistory(name, seed + round);
    const before = counts.get(name) ?? [];
    counts.set(
      name,
      before.map((count, at) => count + (found.counts[at] ?? 0)),
    );
    violations.push(...found.violations.map((line) => `seed ${seed + round}, ${name}: ${line}`));
  }
  return { rows: [...counts].map(([name, cells]) => [name, ...cells.map(String)]), violations };
}

async function oneHistory(
  name: string,
  seed: number,
): Promise<{ readonly counts: readonly number[]; readonly violations: readonly string[] }> {
  const { own, faulty, open } = KINDS[name] as (typeof KINDS)[string];
  const redis = await startRedis(DURABLE);
  const proxy = await TcpProxy.open(redis.port);
  try {
    const names = faulty ? Object.values(LOSSLESS_FAULTS).flat() : [];
    const apps = await open({ redis, proxy });
    const { visits, faults } = await sessionHistory(apps, { redis, proxy, seed, time: ROUND, faults: names });
    const found = checkVisits(visits, BOUNDS);
    const byRule = RULES.map((rule) => found.filter((one) => one.rule === rule).length);
    return {
      counts: [1, visits.length, faults.length, ...byRule],
      violations: own ? found.map((one) => toldVisits([one])) : [],
    };
  } finally {
    await proxy.close();
    await redis.stop();
  }
}
