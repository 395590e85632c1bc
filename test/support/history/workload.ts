import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { Database } from './database.js';
import { moment, type Moment } from './moment.js';
import { LoaderFailure, type HistoryNode, type Wishes } from './node.js';
import type { Random } from './random.js';
import type {
  HistoryRecord,
  LoadRecord,
  Reading,
  ReadOperation,
  ReadRecord,
  WriteOperation,
} from './record.js';
import { changeOf, KEYS, kindOf, TAGS, tagsOf, type Change } from './world.js';

type Operation = ReadOperation | WriteOperation | 'touch';

/** How often each operation is drawn, beside the others. */
const WEIGHTS: Readonly<Record<Operation, number>> = {
  get: 30,
  peek: 10,
  getEntry: 4,
  getOrSet: 40,
  getOrSetMany: 5,
  del: 1.5,
  mdel: 0.5,
  invalidateTags: 1,
  clear: 0.15,
  set: 1.5,
  mutate: 1,
  expire: 0.5,
  touch: 0.5,
};

/** Keys that are drawn more often: one of each kind. */
const HOT = KEYS.slice(0, 4);

let writers = 0;

/** One caller of a node, which reads and writes at random until it is told to stop, and records what it sees. */
export class Worker {
  readonly #node: HistoryNode;
  readonly #database: Database;
  readonly #random: Random;
  readonly #record: (record: HistoryRecord) => void;
  readonly #weights: Partial<Record<Operation, number>>;
  readonly #name: string;
  #writes = 0;

  constructor(
    node: HistoryNode,
    database: Database,
    random: Random,
    record: (record: HistoryRecord) => void,
  ) {
    this.#node = node;
    this.#database = database;
    this.#random = random;
    this.#record = record;
    this.#name = `${node.name}.${process.pid}.${++writers}`;
    const offered = Object.entries(WEIGHTS).filter(([name]) => name in node.cache);
    this.#weights = Object.fromEntries(offered);
  }

  /** Works until the moment has come. */
  async work(until: Moment): Promise<void> {
    while (moment() < until) {
      const operation = this.#random.weighted<Operation>(this.#weights);
      await this.#do(operation);
      await this.#pause();
    }
  }

  #pause(): Promise<unknown> {
    return this.#random.chance(0.4) ? turn() : sleep(this.#random.below(4));
  }

  async #do(operation: Operation): Promise<unknown> {
    const { cache } = this.#node;
    const random = this.#random;
    const key = random.pick(random.chance(0.6) ? HOT : KEYS);
    switch (operation) {
      case 'get':
        return this.#read(operation, key, false, () => cache.get(key));
      case 'peek':
        return this.#read(operation, key, false, async () => cache.peek?.(key));
      case 'getEntry':
        return this.#readEntry(key);
      case 'getOrSet':
        return this.#readThrough(key);
      case 'getOrSetMany':
        // Of one kind: they share the tags of the call.
        return this.#readThroughMany(random.some(kindOf(key)));
      case 'touch':
        return cache.touch?.(key, random.between(100, 3_000));
      default:
        return this.#write(operation, this.#changeFor(operation, key));
    }
  }

  #changeFor(operation: WriteOperation, key: string): Change {
    const random = this.#random;
    switch (operation) {
      case 'clear':
        return changeOf({ all: true });
      case 'invalidateTags':
        return changeOf({ tags: random.some(TAGS) });
      case 'mdel':
        return changeOf({ keys: random.some(KEYS) });
      case 'mutate':
        return changeOf({ keys: random.chance(0.8) ? [key] : [], tags: [random.pick(TAGS)] });
      default:
        return changeOf({ keys: [key] });
    }
  }

  async #write(operation: WriteOperation, change: Change): Promise<void> {
    const { cache, name: node } = this.#node;
    const id = `${this.#name}.${++this.#writes}`;
    let version = 0;
    let start = 0;
    const commit = async (): Promise<void> => {
      version = await this.#database.commit(change);
      await this.#delay();
      start = moment();
    };
    if (operation !== 'mutate') await commit();
    const began = moment();
    const [key = ''] = change.keys;
    const invalidate = async (): Promise<boolean | undefined> => {
      switch (operation) {
        case 'del':
          return cache.del(key);
        case 'mdel':
          return cache.mdel?.(change.keys);
        case 'set':
          return cache.set?.(key, { key, version, set: id });
        case 'invalidateTags':
          return cache.invalidateTags?.(change.tags);
        case 'clear':
          return cache.clear?.();
        case 'expire':
          return cache.expire?.(key);
        case 'mutate':
          return cache.mutate?.(change, commit);
      }
    };
    const acknowledged = (await invalidate()) === true;
    if (version === 0) return;
    const times = { began, start, end: moment() };
    this.#record({ type: 'write', node, operation, id, change, version, ...times, acknowledged });
  }

  async #readEntry(key: string): Promise<void> {
    const { cache } = this.#node;
    let stale = false;
    const more = (): Pick<ReadRecord, 'mayBeStale'> => ({ mayBeStale: stale });
    await this.#read(
      'getEntry',
      key,
      false,
      async () => {
        const entry = await cache.getEntry?.(key);
        stale = entry?.stale === true;
        return entry?.value;
      },
      more,
    );
  }

  #readThrough(key: string): Promise<void> {
    const asked = moment();
    const load = async (wishes: Wishes): Promise<Reading> => {
      const [value] = await this.#load('getOrSet', [key], asked);
      wishes.tags(...tagsOf(key).named);
      if (this.#random.chance(0.5)) wishes.ttl(Math.ceil(this.#random.between(50, 4_000)));
      return value as Reading;
    };
    return this.#read('getOrSet', key, this.#node.servesStale, () => this.#node.cache.getOrSet(key, load));
  }

  async #readThroughMany(keys: readonly string[]): Promise<void> {
    const { cache, servesStale } = this.#node;
    const asked = moment();
    const found = cache.getOrSetMany?.(keys, async (missing) => {
      const values = await this.#load('getOrSetMany', missing, asked);
      return new Map(values.map((value) => [value.key, value]));
    });
    const one = async (key: string): Promise<unknown> => (await found)?.get(key);
    await Promise.all(keys.map((key) => this.#read('getOrSetMany', key, servesStale, () => one(key))));
  }

  /** A loader: reads the database some time after it is called, and answers some time after that. */
  async #load(
    operation: LoadRecord['operation'],
    keys: readonly string[],
    asked: Moment,
  ): Promise<Reading[]> {
    const { name: node, servesStale } = this.#node;
    const start = moment();
    const fails = this.#random.chance(0.02);
    try {
      await this.#delay();
      const versions = await this.#database.read(keys);
      await this.#delay();
      if (fails) throw new LoaderFailure('The loader has failed.');
      return keys.map((key, index) => ({ key, version: versions[index] as number }));
    } finally {
      const pauses = fails && servesStale ? ({ pauses: true } as const) : {};
      const of = { type: 'load', node, operation, asked, start, end: moment(), ...pauses } as const;
      for (const key of keys) this.#record({ ...of, key });
    }
  }

  async #delay(): Promise<void> {
    const random = this.#random;
    const kind = random.next();
    if (kind < 0.3) return;
    await sleep(kind < 0.7 ? random.below(3) : kind < 0.95 ? random.below(15) : random.below(60));
  }

  async #read(
    operation: ReadOperation,
    key: string,
    mayBeStale: boolean,
    run: () => Promise<unknown>,
    more: () => Partial<ReadRecord> = () => ({}),
  ): Promise<void> {
    const { name: node } = this.#node;
    const start = moment();
    const of = { type: 'read', node, operation, key, start, mayBeStale } as const;
    try {
      const value = ((await run()) ?? undefined) as Reading | undefined;
      const found = value === undefined ? {} : { value };
      this.#record({ ...of, end: moment(), ...found, ...more() });
    } catch (error) {
      // Loaders that fail and loads that take too long are part of the game.
      if (error instanceof LoaderFailure || (error as Error).name === 'LoadTimeoutError') return;
      this.#record({ ...of, end: moment(), failed: String(error) });
    }
  }
}
