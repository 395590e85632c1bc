import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisServer } from '../redis-server.js';
import type { JumpingClock } from './jumping-clock.js';
import { moment, type Moment } from './moment.js';
import type { Random } from './random.js';
import type { FaultRecord } from './record.js';
import type { TcpProxy } from './tcp-proxy.js';

/** Where things go wrong. */
export interface FaultSite {
  readonly redis: RedisServer;
  /** What all nodes connect through. */
  readonly proxy: TcpProxy;
  readonly clocks: readonly JumpingClock[];
  /** The nodes that remember entries. */
  readonly remembering: readonly string[];
}

/** What may go wrong. It is over when the promise resolves. */
type Fault = (site: FaultSite, random: Random) => Promise<Partial<FaultRecord> | void>;

const ALL = ['data', 'channel'] as const;

/** Faults by name. */
export const FAULTS = {
  'the channels are killed': async ({ redis }) => {
    const clients = String(await redis.cli('CLIENT', 'LIST')).split('\n');
    const tracking = clients.filter((one) => / flags=\S*[tP]/.test(one));
    for (const one of tracking) await redis.cli('CLIENT', 'KILL', 'ID', /id=(\d+)/.exec(one)?.[1] ?? '');
  },
  'all connections are killed': async ({ redis }) => {
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal');
  },
  'Redis pauses its clients': async ({ redis }, random) => {
    const time = random.between(20, 400);
    await redis.cli('CLIENT', 'PAUSE', Math.ceil(time), random.pick(['ALL', 'WRITE']));
    await sleep(time);
  },
  'Redis stands still': async ({ redis }, random) => {
    redis.pause();
    await sleep(random.between(20, 900));
    redis.resume();
  },
  'Redis is killed and comes back with its data': async ({ redis }, random) => {
    await redis.kill();
    await sleep(random.between(0, 200));
    await redis.start();
  },
  'Redis is killed and comes back empty': async ({ redis }) => {
    await redis.kill();
    await redis.restart();
  },
  'all data is flushed': async ({ redis }) => {
    await redis.cli('FLUSHDB');
  },
  'keys are evicted': async ({ redis }, random) => {
    for (let count = random.below(10); count >= 0; count--) {
      const key = await redis.cli('RANDOMKEY');
      if (key !== null) await redis.cli('DEL', String(key));
      await sleep(random.below(15));
    }
  },
  'Redis is full': async ({ redis }, random) => {
    await redis.cli('CONFIG', 'SET', 'maxmemory', 1);
    await sleep(random.between(20, 600));
    await redis.cli('CONFIG', 'SET', 'maxmemory', 0);
  },
  'Redis is a replica for a while': async ({ redis }, random) => {
    // Of nobody: it keeps what it has, and takes no writes.
    await redis.cli('REPLICAOF', '127.0.0.1', 1);
    await sleep(random.between(20, 900));
    await redis.cli('REPLICAOF', 'NO', 'ONE');
  },
  'sockets are cut': async ({ proxy }) => {
    proxy.cut(ALL);
  },
  'nobody can connect': async ({ proxy }, random) => {
    const allow = proxy.refuse();
    await sleep(random.between(20, 600));
    allow();
  },
  'sockets stall': async ({ proxy }, random) => {
    const go = proxy.hold(random.pick([['data'], ALL]), random.pick([['up'], ['down'], ['up', 'down']]));
    await sleep(random.between(20, 800));
    go();
  },
  'sockets stall longer than they are waited for': async ({ proxy }, random) => {
    const go = proxy.hold(['data'], ['up']);
    await sleep(random.between(100, 400));
    // Whoever waits gives up; what was sent arrives later than what is sent by the next socket.
    proxy.cut(['channel']);
    await sleep(random.between(2_000, 2_600));
    go();
  },
  'the channels are silent': async ({ proxy, remembering }, random) => {
    const go = proxy.hold(['channel'], ['down']);
    const start = moment();
    await sleep(random.between(1_500, 2_500));
    const end = moment();
    go();
    return { start, end, deaf: remembering };
  },
  'wall clocks jump': async ({ clocks }, random) => {
    for (const clock of clocks) clock.jumpBy(random.between(-3_600_000, 3_600_000));
  },
} satisfies Record<string, Fault>;

/** The name of a fault. */
export type FaultName = keyof typeof FAULTS;

/** Lets one thing after the other go wrong, with pauses between them. The last one is over when it resolves. */
export async function goWrong(
  site: FaultSite,
  {
    names,
    random,
    until,
    record,
    pause,
  }: {
    readonly names: readonly FaultName[];
    readonly random: Random;
    readonly until: Moment;
    readonly record: (record: FaultRecord) => void;
    /** The longest pause, in milliseconds. */
    readonly pause: number;
  },
): Promise<void> {
  while (moment() < until) {
    await sleep(random.below(pause));
    const name = random.pick(names);
    const start = moment();
    const more = (await (FAULTS[name] as Fault)(site, random)) ?? {};
    record({ type: 'fault', name, start, end: moment(), ...more });
  }
}
