import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheOptions } from '../../../src/cache/cache-options.js';
import { eventually } from '../eventually.js';
import { reap, spare } from '../redis-reaper.js';
import type { RedisServer } from '../redis-server.js';
import { bundled } from './bundle.js';
import { moment, ms } from './moment.js';
import type { Random } from './random.js';
import type { FaultRecord, HistoryRecord, NodeTraits } from './record.js';

/** What a process is started with. */
export interface ProcessOrders {
  readonly name: string;
  readonly url: string;
  /** The same server, without what may lie between. */
  readonly directUrl: string;
  readonly databasePort: number;
  readonly keyPrefix: string;
  readonly seed: number;
  readonly cache: CacheOptions;
}

/** What a process tells. */
export type ProcessMessage =
  | { readonly ready: true }
  | { readonly record: HistoryRecord }
  /** What does not hold at rest. */
  | { readonly wrong: readonly string[] };

/** A node in a process of its own. */
export class NodeProcess implements NodeTraits {
  readonly name: string;
  readonly remembers: boolean;
  /** What does not hold at rest; `undefined` = it has not come to rest. */
  wrong: string[] | undefined;
  ready = false;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exit: Promise<unknown>;
  #errors = '';

  private constructor(program: string, orders: ProcessOrders, hear: (record: HistoryRecord) => void) {
    this.name = orders.name;
    this.remembers = typeof orders.cache.memory === 'object';
    this.#child = spawn(process.execPath, [program, JSON.stringify(orders)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid } = this.#child;
    if (pid !== undefined) reap(pid);
    this.#exit = once(this.#child, 'exit').then(() => pid !== undefined && spare(pid));
    this.#child.stderr.on('data', (text: Buffer) => (this.#errors += text.toString()));
    createInterface(this.#child.stdout).on('line', (line) => this.#told(line, hear));
  }

  /** Starts one. `hear` is told what it sees. */
  static async start(orders: ProcessOrders, hear: (record: HistoryRecord) => void): Promise<NodeProcess> {
    const program = await bundled(new URL('./process-node.fixture.ts', import.meta.url));
    return new NodeProcess(program, orders, hear);
  }

  /** Resolves when it is connected. */
  async started(): Promise<void> {
    const check = (): void => {
      if (!this.ready) throw new Error(`The process of ${this.name} does not start: ${this.#errors}`);
    };
    await eventually(check, { timeout: 30_000 });
  }

  /** Lets it stand still for a while. */
  async freeze(milliseconds: number): Promise<FaultRecord> {
    const start = moment();
    this.#child.kill('SIGSTOP');
    await sleep(milliseconds);
    this.#child.kill('SIGCONT');
    return { type: 'fault', name: 'a process stands still', start, end: moment(), frozen: this.name };
  }

  async kill(): Promise<FaultRecord> {
    const start = moment();
    this.#child.kill('SIGKILL');
    await this.#exit;
    return { type: 'fault', name: 'a process is killed', start, end: moment() };
  }

  /** Ends it, if it runs. */
  end(): void {
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGKILL');
  }

  /** Waits until it ends by itself. Says what was wrong. */
  async ended(): Promise<string[]> {
    const limit = AbortSignal.timeout(30_000);
    const late = once(limit, 'abort').then(() => 'late');
    if ((await Promise.race([this.#exit, late])) === 'late') {
      this.#child.kill('SIGKILL');
      return [...(this.wrong ?? []), `${this.name} does not end: ${this.#errors}`];
    }
    const unrested = this.wrong === undefined ? [`${this.name} has ended early: ${this.#errors}`] : [];
    return [...(this.wrong ?? []), ...unrested];
  }

  #told(line: string, hear: (record: HistoryRecord) => void): void {
    let message: ProcessMessage;
    try {
      message = JSON.parse(line) as ProcessMessage;
    } catch {
      return; // Killed in the middle of a line.
    }
    if ('record' in message) hear(message.record);
    else if ('wrong' in message) this.wrong = [...(this.wrong ?? []), ...message.wrong];
    else this.ready = true;
  }
}

/**
 * Lets processes stand still and be killed until a moment has come. `start` starts one in the place of a killed one; without
 * it one is killed at most.
 */
export async function troubleProcesses(
  processes: NodeProcess[],
  start: (() => Promise<NodeProcess>) | undefined,
  {
    random,
    until,
    record,
  }: {
    readonly random: Random;
    readonly until: number;
    readonly record: (one: HistoryRecord) => void;
  },
): Promise<void> {
  let mayKill = true;
  while (moment() < until - ms(100)) {
    await sleep(random.between(50, 500));
    const victim = random.pick(processes);
    if (mayKill && random.chance(0.2)) {
      processes.splice(processes.indexOf(victim), 1);
      record(await victim.kill());
      if (start === undefined) mayKill = false;
      else processes.push(await start());
    } else {
      record(await victim.freeze(random.between(20, 1_500)));
    }
  }
}

/** Tells waiting processes that they are to work until a moment. */
export async function begin(database: RedisServer, until: number): Promise<void> {
  await database.cli('SET', 'until', until);
}
