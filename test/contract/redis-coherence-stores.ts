import { afterAll, beforeAll } from 'vitest';
import type { RedisCommand, RedisConnection, RedisReply } from '../../src/connection/connection.js';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import { evaluateScript } from '../../src/connection/script.js';
import type { KeySpace } from '../../src/key/key-space.js';
import type { CoherentStore } from '../../src/store/coherent-store.js';
import { connectTo, SharedRedis } from './redis-caches.js';
import { storeOn } from './redis-stores.js';

/** Stores of two processes over the same entries, and the names of these. */
export interface Processes {
  readonly stores: readonly [CoherentStore, CoherentStore];
  readonly space: KeySpace;
}

/** One server and two connections, as of two processes, for the tests of a file. */
export class TwoProcesses extends SharedRedis {
  #second: ManagedConnection | undefined;

  constructor() {
    super();
    beforeAll(async () => {
      this.#second = (await connectTo(this.server.url)).connection;
    });
    afterAll(() => this.#second?.close());
  }

  /** Two stores with no entry. */
  open(): Processes {
    const { store, again, space } = storeOn(this.connection);
    return { space, stores: [store, again({ connection: this.#second as ManagedConnection })] };
  }
}

/** Everything that Redis holds of the entry `key` and of some tags, by what it is. */
export function redisKeys(space: KeySpace, key: string, ...tags: string[]): Record<string, string> {
  const entry = space.entryKey(key);
  const keys: Record<string, string> = {
    entry,
    lease: space.leaseKey(entry),
    barrier: space.barrierKey(entry),
    generation: space.generationKeys[0] as string,
    sequence: space.sequenceKey,
  };
  for (const tag of tags) {
    keys[`tag ${tag}`] = space.tagKey(tag);
    keys[`barrier of tag ${tag}`] = space.tagBarrierKey(tag);
  }
  return keys;
}

/** A connection that writes down what it sends. Every call of it is a round trip, but for those that go together. */
export class RecordingConnection implements RedisConnection {
  readonly #connection: RedisConnection;
  /** The commands of each call. */
  sent: (readonly RedisCommand[])[] = [];

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  get name(): string {
    return this.#connection.name;
  }

  get deadline(): number {
    return this.#connection.deadline;
  }

  get available(): boolean {
    return this.#connection.available;
  }

  get changes(): RedisConnection['changes'] {
    return this.#connection.changes;
  }

  now(): number {
    return this.#connection.now();
  }

  onUp(listener: Parameters<RedisConnection['onUp']>[0]): () => void {
    return this.#connection.onUp(listener);
  }

  request(command: RedisCommand): Promise<RedisReply> {
    this.sent.push([command]);
    return this.#connection.request(command);
  }

  pipeline(commands: readonly RedisCommand[]): Promise<(RedisReply | Error)[]> {
    this.sent.push(commands);
    return this.#connection.pipeline(commands);
  }

  evaluate(...[script, keys, args]: Parameters<RedisConnection['evaluate']>): Promise<RedisReply> {
    return evaluateScript(this, script, keys, args);
  }

  scan(glob: string): AsyncIterable<readonly Buffer[]> {
    return this.#connection.scan(glob);
  }

  /** What `work` sends. */
  async during(work: () => Promise<unknown>): Promise<readonly (readonly RedisCommand[])[]> {
    this.sent = [];
    await work();
    return this.sent;
  }
}
