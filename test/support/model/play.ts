import type { LoadContext } from '../../../src/cache/load-context.js';
import type { NamedCache } from '../../../src/cache/named-cache.js';
import { Freshness, type Invalidation, type Reader, type Reading } from './freshness.js';
import type { Loads } from './loads.js';
import type { Mishap } from './model-connection.js';
import {
  DECLARED,
  KEYS,
  NAMED,
  TAGS,
  tagsOf,
  type Key,
  type Move,
  type Program,
  type Step,
} from './programs.js';

/** A node on which programs are played. */
export interface PlayNode extends Reader {
  readonly cache: NamedCache;
  readonly remembers: boolean;
  /** How many errors of an operation it has reported. */
  troublesOf(operation: string): number;
  mishap(kind: Mishap): void;
  /** Its connection breaks. */
  break(): void;
  /** Its channel is lost. */
  deafen(): void;
}

/** Where programs are played. */
export interface Field {
  readonly nodes: readonly PlayNode[];
  readonly freshness: Freshness;
  readonly loads: Loads;
  /** Waits for its turn. */
  turn(label: string): Promise<void>;
  /** The number of the last change in Redis of what makes these keys and tags valid. */
  changeOf(keys: readonly Key[], tags: readonly string[]): number;
  /** Whether barriers stand around these keys and tags. */
  stands(keys: readonly Key[], tags: readonly string[]): boolean;
  /** One of the keys in Redis goes. */
  evict(pick: number): unknown;
  pass(time: number): unknown;
}

class LoaderFailure extends Error {}

/** Plays a program to its end. */
export async function play(field: Field, { callers }: Program): Promise<void> {
  const follow = async (moves: readonly Move[]): Promise<void> => {
    for (const { node, step } of moves) {
      const on = field.nodes[node] as PlayNode;
      await field.turn(`${on.name} is to ${step.does}`);
      await new Player(field, on).play(step);
    }
  };
  await Promise.all(callers.map(follow));
}

/** Does what callers on one node do. */
class Player {
  readonly #field: Field;
  readonly #node: PlayNode;
  readonly #freshness: Freshness;
  readonly #loads: Loads;

  constructor(field: Field, node: PlayNode) {
    this.#field = field;
    this.#node = node;
    this.#freshness = field.freshness;
    this.#loads = field.loads;
  }

  async play(step: Step): Promise<unknown> {
    const { cache } = this.#node;
    switch (step.does) {
      case 'get':
        return this.#read(step.does, step.key, false, () => cache.get(step.key));
      case 'getOrSet':
        return this.#readThrough(step.key, step.fresh, step.fails);
      case 'getOrSetMany':
        return this.#readMany(step.fails);
      case 'set':
        return this.#set(step.key);
      case 'del':
        return this.#invalidate('del', { keys: [step.key] }, () => cache.del(step.key));
      case 'expire':
        return this.#invalidate('expire', { keys: [step.key] }, () => cache.expire(step.key));
      case 'invalidateTags':
        return this.#invalidate('invalidateTags', step, () => cache.invalidateTags(step.tags));
      case 'clear':
        return this.#invalidate('clear', { keys: KEYS, tags: TAGS }, () => cache.clear());
      case 'mutate':
        return this.#mutate(step);
      default:
        return this.#suffer(step);
    }
  }

  #suffer(step: Extract<Step, { does: 'evict' | 'pass' | 'mishap' | 'break' | 'deafen' }>): unknown {
    // Nobody knows for how long.
    this.#loads.disturb(KEYS);
    if (step.does === 'evict') return this.#field.evict(step.pick);
    if (step.does === 'pass') return this.#field.pass(step.time);
    if (step.does === 'mishap') return this.#node.mishap(step.kind);
    return this.#node[step.does]();
  }

  async #readThrough(key: Key, fresh: boolean, fails: boolean): Promise<void> {
    const { cache, name, remembers: hears } = this.#node;
    const options = { tags: [...DECLARED[key]], fresh };
    const asked = this.#loads.ask();
    // Who wants it fresh does not wait for who loads already.
    const over = this.#loads.disturb(fresh ? [key] : []);
    const load = async (context: LoadContext): Promise<Reading | undefined> => {
      const loaded = this.#loads.begin(key, { node: name, asked, hears });
      try {
        const [value] = await this.#load([key], fails);
        context.tags(...NAMED[key]);
        return value;
      } finally {
        loaded();
      }
    };
    await this.#read('getOrSet', key, true, () => cache.getOrSet(key, load, options));
    over();
  }

  async #readMany(fails: boolean): Promise<void> {
    const found = this.#node.cache.getOrSetMany(
      [...KEYS],
      async (missing) => {
        const values = await this.#load(missing as Key[], fails);
        return new Map(values.map((value) => [value.key as string, value]));
      },
      { tags: [...TAGS] },
    );
    const one = async (key: Key): Promise<unknown> => (await found).get(key);
    await Promise.all(KEYS.map((key) => this.#read('getOrSetMany', key, true, () => one(key))));
  }

  /** A loader: reads the database some time after it is called, and answers some time after that. */
  async #load(keys: readonly Key[], fails: boolean): Promise<Reading[]> {
    const { name } = this.#node;
    await this.#field.turn(`${name} reads the database`);
    const values = keys.map((key) => ({ key, version: this.#freshness.versionOf(key) }));
    for (const part of ['half', 'most']) await this.#field.turn(`${name} has got ${part} of it`);
    await this.#field.turn(
      `${name} has loaded ${values.map((one) => `${one.key} ${one.version}`).join(', ')}`,
    );
    if (!fails) return values;
    // Nobody holds a lease for a while after that.
    this.#loads.disturb(keys);
    throw new LoaderFailure();
  }

  async #read(what: string, key: Key, stale: boolean, run: () => Promise<unknown>): Promise<void> {
    const judge = this.#freshness.read(this.#node, what, key, stale);
    try {
      judge(await run());
    } catch (error) {
      if (!(error instanceof LoaderFailure)) throw error;
    }
  }

  async #set(key: Key): Promise<void> {
    const { value, acknowledged } = this.#freshness.set(key);
    const over = this.#loads.disturb([key]);
    const set = this.#node.cache.set(key, value, { tags: tagsOf(key) });
    if (await this.#isAcknowledged('set', set)) acknowledged();
    over();
  }

  async #invalidate(
    what: string,
    { keys = [], tags = [] }: { readonly keys?: readonly Key[]; readonly tags?: readonly string[] },
    run: () => Promise<unknown>,
  ): Promise<void> {
    const concerned = Freshness.concerned(keys, tags);
    this.#freshness.commit(concerned);
    const invalidation = this.#freshness.invalidate(this.#node, what, concerned);
    const over = this.#loads.disturb(concerned);
    this.#end(invalidation, await this.#isAcknowledged(what, run()), keys, tags);
    over();
  }

  async #mutate({ keys, tags }: Extract<Step, { does: 'mutate' }>): Promise<void> {
    const concerned = Freshness.concerned(keys, tags);
    let invalidation: Invalidation | undefined;
    const work = async (): Promise<void> => {
      await this.#field.turn(`${this.#node.name} commits`);
      this.#freshness.commit(concerned);
      invalidation = this.#freshness.invalidate(this.#node, 'mutate', concerned);
      // Nothing older is stored as long as the barrier stands: whoever reads from here on is safe already.
      if (!this.#field.stands(keys, tags)) return;
      this.#freshness
        .invalidate(this.#node, 'the commit of mutate', concerned)
        .acknowledged(this.#field.changeOf(keys, tags));
      await this.#field.turn(`${this.#node.name} has committed`);
    };
    const over = this.#loads.disturb(concerned);
    const done = this.#node.cache.mutate({ keys, tags }, work);
    const acknowledged = await this.#isAcknowledged('mutate', done);
    over();
    if (invalidation !== undefined) this.#end(invalidation, acknowledged, keys, tags);
  }

  #end(
    invalidation: Invalidation,
    acknowledged: boolean,
    keys: readonly Key[],
    tags: readonly string[],
  ): void {
    if (acknowledged) invalidation.acknowledged(this.#field.changeOf(keys, tags));
    else invalidation.failed();
  }

  async #isAcknowledged(operation: string, run: Promise<unknown>): Promise<boolean> {
    const before = this.#node.troublesOf(operation);
    await run;
    return this.#node.troublesOf(operation) === before;
  }
}
