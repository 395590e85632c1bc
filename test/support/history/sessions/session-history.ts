import type { RedisServer } from '../../redis-server.js';
import { goWrong, type FaultName } from '../faults.js';
import { moment, ms } from '../moment.js';
import { Random } from '../random.js';
import type { FaultRecord } from '../record.js';
import type { TcpProxy } from '../tcp-proxy.js';
import type { Visit } from './visit.js';
import { startVisitedApp, type VisitedApp } from './visited-app.js';
import { Visitor } from './visitor.js';

/** What a history of sessions is made with. */
export interface SessionHistoryOptions {
  readonly redis: RedisServer;
  readonly proxy: TcpProxy;
  readonly seed: number;
  /** How long it lasts, in milliseconds. */
  readonly time: number;
  readonly faults?: readonly FaultName[];
  /** The longest pause between two faults, in milliseconds. */
  readonly pause?: number;
}

/** What people did, and what went wrong meanwhile. */
export interface SessionHistory {
  readonly visits: readonly Visit[];
  readonly faults: readonly FaultRecord[];
}

const PEOPLE = ['ada', 'bob', 'eve', 'zoe'];
const TABS = ['one', 'two', 'three'];

/** Applications of ours over the same sessions, under a prefix that nobody else has. */
export async function ownApps(
  { redis, proxy }: Pick<SessionHistoryOptions, 'redis' | 'proxy'>,
  prefix: string,
): Promise<VisitedApp[]> {
  const session = { prefix, ttl: '1m' } as const;
  return [
    await startVisitedApp('express', proxy.url, session),
    await startVisitedApp('fastify', proxy.url, session),
    // What the others have sent may still be on its way when this one is answered.
    await startVisitedApp('express', redis.url, session),
  ];
}

/**
 * Lets people use the same sessions in several tabs while things go wrong between applications and Redis, and closes the
 * applications. When all is quiet again, somebody looks at every session that there was. As with `runHistory`, the seed decides who
 * does what, and the machine how they interleave.
 */
export async function sessionHistory(
  apps: readonly VisitedApp[],
  options: SessionHistoryOptions,
): Promise<SessionHistory> {
  const { redis, proxy, seed, time, faults: names = [], pause = 300 } = options;
  const visits: Visit[] = [];
  const faults: FaultRecord[] = [];
  const people = PEOPLE.map((name) => new Visitor(name, apps, (visit) => visits.push(visit)));
  const until = moment() + ms(time);
  const random = new Random(seed, 'faults');
  const site = { redis, proxy, clocks: [], remembering: [] };
  const record = (fault: FaultRecord): void => void faults.push(fault);
  await Promise.all([
    ...people.flatMap((person) =>
      TABS.map((tab) => person.browse(tab, new Random(seed, person.name, tab), until)),
    ),
    ...(names.length > 0 ? [goWrong(site, { names, random, until, record, pause })] : []),
  ]);
  for (const person of people) await person.lookBack();
  for (const app of apps) await app.close();
  return { visits, faults };
}
