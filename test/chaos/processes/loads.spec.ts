import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEASE_TIME } from '../../../src/store/coherence.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

const LOADER = new URL('../../support/typescript.mjs', import.meta.url).href;
const FIXTURE = new URL('./loader.fixture.ts', import.meta.url);
const PROCESSES = 4;
const CALLERS = 50;
const PATIENCE = { timeout: 30_000 };

interface Message {
  readonly ready?: true;
  readonly cache?: string;
  /** The key that a loader begins to load. */
  readonly loads?: string;
  readonly key?: string;
  readonly given?: readonly number[];
}

/** One process of several, and what it has said. */
class LoadingProcess {
  readonly said: Message[] = [];
  readonly #child: ChildProcess;

  constructor(url: string) {
    this.#child = fork(FIXTURE, [url], { execArgv: ['--import', LOADER] });
    this.#child.on('message', (message) => this.said.push(message as Message));
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  ask(cache: string, key: string, takes: number): void {
    this.#child.send({ cache, key, callers: CALLERS, takes });
  }

  loads(cache: string, key: string): number {
    return this.said.filter((one) => one.cache === cache && one.loads === key).length;
  }

  /** What its callers of a key were given, once all were. */
  given(cache: string, key: string): readonly number[] | undefined {
    return this.said.find((one) => one.cache === cache && one.key === key)?.given;
  }

  async end(how: 'end' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    if (how === 'end') this.#child.send('end');
    else this.#child.kill(how);
    await ended;
  }
}

describe('processes with the same cache', () => {
  let redis: RedisServer;
  let processes: LoadingProcess[];

  beforeAll(async () => {
    redis = await startRedis();
    processes = Array.from({ length: PROCESSES }, () => new LoadingProcess(redis.url));
    const ready = () => expect(processes.every(({ said }) => said.length > 0)).toBe(true);
    await eventually(ready, { timeout: 100_000 });
  }, 110_000);
  afterAll(async () => {
    await Promise.all(processes.map((one) => one.end('end')));
    await redis.stop();
  }, 60_000);

  /** What all callers of some processes were given, and by how many loaders. */
  async function outcome(of: readonly LoadingProcess[], cache: string, key: string) {
    const given = await eventually(() => {
      const all = of.map((one) => one.given(cache, key));
      expect(all).not.toContain(undefined);
      return all.flat();
    }, PATIENCE);
    expect(given).toHaveLength(of.length * CALLERS);
    const loads = of.reduce((sum, one) => sum + one.loads(cache, key), 0);
    return { values: [...new Set(given)], loads };
  }

  describe.each(['plain', 'tiered'])('%s', (cache) => {
    it('and fifty callers each of a cold key run one loader in all', { timeout: 60_000 }, async () => {
      for (const [key, takes] of Object.entries({ 'at once': 0, 'and again': 0, 'takes its time': 200 })) {
        for (const one of processes) one.ask(cache, key, takes);
        const { values, loads } = await outcome(processes, cache, key);
        expect([values.length, loads]).toEqual([1, 1]);
      }
    });
  });

  describe.each(['plain', 'tiered'])('%s', (cache) => {
    it(
      'wait for one that is killed while it loads no longer than its lease',
      { timeout: 60_000 },
      async () => {
        const holder = processes.shift() as LoadingProcess;
        holder.ask(cache, 'killed', 3_600_000);
        await eventually(() => expect(holder.loads(cache, 'killed')).toBe(1), PATIENCE);
        for (const one of processes) one.ask(cache, 'killed', 0);
        await holder.end('SIGKILL');
        // The server measures it, so that it does not matter what else this machine is busy with.
        const leases = (await redis.cli('KEYS', '*:l:*')) as string[];
        expect(leases).toHaveLength(1);
        expect(Number(await redis.cli('PTTL', leases[0] as string))).toBeLessThanOrEqual(LEASE_TIME);
        const { values, loads } = await outcome(processes, cache, 'killed');
        expect([values.length, loads]).toEqual([1, 1]);
        expect(values).not.toContain(holder.pid);
      },
    );
  });
});
