import { startRedis, type RedisServer } from '../redis-server.js';
import { checkHistory, told } from './checker.js';
import { FAULTS, type FaultName } from './faults.js';
import { moment, ms } from './moment.js';
import { ownHistory, type Outcome } from './own-history.js';
import { processHistory } from './process-history.js';
import { DURABLE } from './run-history.js';
import { TcpProxy } from './tcp-proxy.js';

/** How long one history lasts: it is kept in memory as a whole. In milliseconds. */
const ROUND = 10_000;
const BOUNDS = { delay: ms(1_100), patience: ms(10_000) };

/** What came of many histories. */
export interface LongHistories {
  /** Cells: what it was, how many, reads, faults, violations. */
  readonly rows: readonly (readonly string[])[];
  /** What was broken, with the seed of its history. */
  readonly violations: readonly string[];
}

/** Runs histories of ours while everything goes wrong, in this process and in several, one after the other. */
export async function longHistories({
  seconds,
  seed,
}: {
  readonly seconds: number;
  readonly seed: number;
}): Promise<LongHistories> {
  const faults = Object.keys(FAULTS) as FaultName[];
  const kinds = {
    'one process, no faults': (own: OwnRound) => ownHistory({ ...own, time: ROUND }),
    'one process, all faults': (own: OwnRound) => ownHistory({ ...own, time: ROUND, faults, pause: 400 }),
    'several processes, all faults': (own: OwnRound) =>
      processHistory({ ...own, time: ROUND, faults, respawn: true }),
  };
  const tallies = new Map(Object.keys(kinds).map((kind) => [kind, new Tally()]));
  const violations: string[] = [];
  const end = moment() + ms(seconds * 1_000);
  for (let round = 0; round === 0 || moment() < end; round++) {
    const names = Object.keys(kinds) as (keyof typeof kinds)[];
    const kind = names[round % names.length] as keyof typeof kinds;
    const outcome = await withServer((redis, proxy) =>
      kinds[kind]({ redis, proxy, keyPrefix: 'long', seed: seed + round }),
    );
    const broken = brokenIn(outcome);
    tallies.get(kind)?.add(outcome, broken.length);
    violations.push(...broken.map((line) => `seed ${seed + round}, ${kind}: ${line}`));
  }
  return { rows: [...tallies].map(([kind, tally]) => [kind, ...tally.cells]), violations };
}

type OwnRound = Pick<Parameters<typeof ownHistory>[0], 'redis' | 'proxy' | 'keyPrefix' | 'seed'>;

class Tally {
  #histories = 0;
  #reads = 0;
  #faults = 0;
  #violations = 0;

  add({ history }: Outcome, violations: number): void {
    this.#histories += 1;
    for (const { type } of history.records) {
      if (type === 'read') this.#reads += 1;
      if (type === 'fault') this.#faults += 1;
    }
    this.#violations += violations;
  }

  get cells(): string[] {
    return [this.#histories, this.#reads, this.#faults, this.#violations].map(String);
  }
}

function brokenIn({ history, wrong }: Outcome): string[] {
  const violations = checkHistory(history, BOUNDS);
  return [...violations.map((one) => told([one])), ...wrong];
}

async function withServer<T>(work: (redis: RedisServer, proxy: TcpProxy) => Promise<T>): Promise<T> {
  const redis = await startRedis(DURABLE);
  const proxy = await TcpProxy.open(redis.port);
  try {
    return await work(redis, proxy);
  } finally {
    await proxy.close();
    await redis.stop();
  }
}
