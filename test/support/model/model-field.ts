import { isDeepStrictEqual } from 'node:util';
import type fc from 'fast-check';
import { KeySpace } from '../../../src/key/key-space.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { cacheNode, type CacheNode, type CacheNodeOptions } from './cache-node.js';
import { Freshness, type Reading } from './freshness.js';
import { Lanes } from './lanes.js';
import { Loads } from './loads.js';
import { ModelConnection } from './model-connection.js';
import { ModelRedis } from './model-redis.js';
import type { ScriptTable } from './model-scripts.js';
import { play, type Field, type PlayNode } from './play.js';
import { KEYS, type Key, type Program } from './programs.js';
import type { RealRedis } from './real-redis.js';
import { TwinRedis } from './twin-redis.js';

/** A protection that is gone. */
export interface Removal {
  readonly scripts?: ScriptTable;
  /** What stands between the parts of every node. */
  readonly wrap?: (redis: ModelRedis) => Pick<CacheNodeOptions, 'wrapConnection' | 'wrapTier' | 'wrapStore'>;
}

interface ModelNode extends PlayNode, CacheNode {
  readonly connection: ModelConnection;
  /** Whether it does not know what Redis holds of something. */
  pending: boolean;
}

/** How long nothing may happen at most until all callers have their answers: steps of so many milliseconds. */
const PATIENCE = { steps: 300, step: 100 } as const;
/** After this nothing is left of leases and barriers. */
const REST = 20_000;

const NAMES = ['A', 'B', 'C', 'D'] as const;

const SPACE = KeySpace.of({ keyPrefix: 'm', cache: 'c', version: undefined });

/** What nodes of a field may remember begins with one of these. */
export const TRACKED = SPACE.tracked;

/**
 * A model of Redis and nodes in front of it, whose every event is scheduled. With a real Redis, that one answers the nodes,
 * and has to do all that the model does.
 */
export class ModelField implements Field {
  readonly redis: ModelRedis;
  readonly nodes: readonly ModelNode[];
  readonly freshness = new Freshness();
  readonly loads = new Loads();
  readonly #twin: TwinRedis | undefined;
  readonly #lanes: Lanes;
  readonly #clock = new FakeClock();

  constructor(
    scheduler: fc.Scheduler,
    nodes: Program['nodes'],
    { scripts, wrap }: Removal = {},
    real?: RealRedis,
  ) {
    this.redis = new ModelRedis(this.#clock, scripts);
    this.redis.track((key) => {
      if (key.includes(':l:')) this.loads.leased(key, this.redis.text(key));
    });
    this.#twin = real && new TwinRedis(this.redis, real, 'm:*');
    this.#lanes = new Lanes(scheduler);
    this.nodes = nodes.map((one, at) => this.#node(NAMES[at] as string, one, wrap));
  }

  #node(name: string, kind: Program['nodes'][number], wrap: Removal['wrap']): ModelNode {
    const connection = new ModelConnection(name, this.redis, this.#lanes, this.#twin);
    const { changes } = connection;
    const node = cacheNode({
      ...{ name, connection, space: SPACE, clock: this.#clock },
      ...kind,
      ...wrap?.(this.redis),
      unsettled: (pending) => {
        whole.pending = pending;
        if (!pending) this.freshness.settled(name, this.redis.serial);
      },
    });
    const whole: ModelNode = {
      ...{ ...node, name, connection, pending: false, ...kind },
      knows: (serial) => changes.knows(serial),
      mishap: (mishap) => connection.mishap(mishap),
      break: () => connection.break(),
      deafen: () => changes.lose(),
    };
    return whole;
  }

  turn(label: string): Promise<void> {
    return this.#lanes.turn(label);
  }

  changeOf(keys: readonly Key[], tags: readonly string[]): number {
    const starts = [
      ...keys.map((key) => SPACE.entryKey(key)),
      ...tags.map((tag) => SPACE.tagKey(tag)),
      ...(keys.length === KEYS.length ? SPACE.generationKeys : []),
    ];
    return Math.max(...starts.map((start) => this.redis.lastChange(start)));
  }

  stands(keys: readonly Key[], tags: readonly string[]): boolean {
    const barriers = [
      ...keys.map((key) => SPACE.barrierKey(SPACE.entryKey(key))),
      ...tags.map((tag) => SPACE.tagBarrierKey(tag)),
    ];
    const there = this.redis.keys();
    return barriers.every((barrier) => there.includes(barrier));
  }

  evict(pick: number): void {
    const keys = this.redis.keys();
    const key = keys[pick % keys.length];
    if (key !== undefined) this.redis.remove(key);
  }

  pass(time: number): void {
    this.#clock.advance(time);
  }

  /** Plays a program, lets everything come to rest, and says what was wrong. */
  async violationsOf(program: Program): Promise<readonly string[]> {
    const violations = [...(await this.#play(program)), ...this.loads.violations];
    const difference = this.#twin?.difference;
    return difference === undefined ? violations : [...violations, difference];
  }

  async #play(program: Program): Promise<readonly string[]> {
    const { violations } = this.freshness;
    if (!(await this.#within(play(this, program)))) return [...violations, 'a call never ends'];
    if (!(await this.#until(() => this.nodes.every(({ pending }) => !pending)))) {
      return [...violations, 'what is unsettled stays so'];
    }
    const reads = Promise.all(this.nodes.map((node) => this.#readAtLast(node)));
    if (!(await this.#within(reads))) return [...violations, 'a last read never ends'];
    await this.#rest();
    violations.push(...this.nodes.flatMap((node) => this.#leftIn(node)), ...this.#leftInRedis());
    for (const node of this.nodes) await node.close();
    return violations;
  }

  /** Whether the real Redis was kept from doing its part, so that nothing can be said. */
  get void(): boolean {
    return this.#twin?.stopped === true;
  }

  /** What has happened, in order. */
  get history(): readonly string[] {
    return this.#lanes.history;
  }

  async #readAtLast(node: ModelNode): Promise<void> {
    for (const key of KEYS) {
      const judge = this.freshness.readAtLast(node, key);
      const remembered = node.cache.peek<Reading>(key);
      if (remembered !== undefined) {
        const there = this.redis.get(SPACE.entryKey(key))?.toString() ?? '';
        if (!isDeepStrictEqual(remembered, JSON.parse(/\{"key".*$/.exec(there)?.[0] ?? 'null'))) {
          this.freshness.violations.push(`${node.name} remembers another ${key} than Redis`);
        }
      }
      judge(await node.cache.get(key));
    }
  }

  /** Time passes, a little at a time, until a promise is settled. */
  async #within(promise: Promise<unknown>): Promise<boolean> {
    let over = false;
    let failure: { readonly error: unknown } | undefined;
    promise.then(
      () => (over = true),
      (error: unknown) => {
        over = true;
        failure = { error };
      },
    );
    const ended = await this.#until(() => over);
    if (failure !== undefined) throw failure.error;
    return ended;
  }

  async #until(over: () => boolean): Promise<boolean> {
    for (let step = 0; step < PATIENCE.steps; step++) {
      await this.#lanes.drive();
      if (over()) return true;
      this.#clock.advance(PATIENCE.step);
    }
    return false;
  }

  async #rest(): Promise<void> {
    for (let time = 0; time < REST; time += REST / 10) {
      this.#clock.advance(REST / 10);
      await this.#lanes.drive();
    }
  }

  #leftIn({ name, flights, tier }: ModelNode): string[] {
    const { looks = 0, touched = 0, watched = 0 } = tier?.sizes() ?? {};
    const left = { flights: flights.size, looks, touched, watched, timers: this.#clock.pending };
    return Object.entries(left).flatMap(([what, count]) =>
      count > 0 ? [`${name}: ${count} ${what} left`] : [],
    );
  }

  #leftInRedis(): string[] {
    return this.redis.keys().filter((key) => /:[lb]:/.test(key));
  }
}
