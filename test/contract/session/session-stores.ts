import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { RedisSessionStore } from '../../../src/session/redis-session-store.js';
import type { RedisSessionStoreOptions } from '../../../src/session/session-options.js';
import type { SessionStoreSubject } from '../../../src/testing/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

type Client = ReturnType<typeof makeClient>;

const makeClient = (url: string) => createClient({ url });

let prefixes = 0;

/** One server and two clients, as of two processes, for the stores of a file. */
export class SessionStores {
  readonly #clients: Client[] = [];
  readonly #open: RedisSessionStore[] = [];
  #server: RedisServer | undefined;

  constructor() {
    beforeAll(async () => {
      this.#server = await startRedis();
      for (let count = 0; count < 2; count++) {
        const client = makeClient(this.#server.url);
        client.on('error', () => undefined);
        await client.connect();
        this.#clients.push(client);
      }
    });
    afterEach(async () => {
      await Promise.all(this.#open.splice(0).map((store) => store.close()));
    });
    afterAll(async () => {
      for (const client of this.#clients) client.destroy();
      await this.#server?.stop();
    });
  }

  get server(): RedisServer {
    if (this.#server === undefined) throw new Error('The server is not started yet.');
    return this.#server;
  }

  /** The client of a process. */
  client(process = 0): Client {
    const client = this.#clients[process];
    if (client === undefined) throw new Error('There is no such process.');
    return client;
  }

  /** A prefix that no other test has. */
  prefix(): string {
    return `sessions${++prefixes}`;
  }

  /** A store that is closed after the test. */
  store(options: Partial<RedisSessionStoreOptions> = {}, process = 0): RedisSessionStore {
    const store = new RedisSessionStore({ client: this.client(process), prefix: this.prefix(), ...options });
    this.#open.push(store);
    return store;
  }

  /** The same sessions in two processes. */
  pair(options: Partial<RedisSessionStoreOptions> = {}): [here: RedisSessionStore, there: RedisSessionStore] {
    const prefix = options.prefix ?? this.prefix();
    return [this.store({ ...options, prefix }), this.store({ ...options, prefix }, 1)];
  }

  /** What the suite tries. */
  subject(options: Partial<RedisSessionStoreOptions> = {}): SessionStoreSubject {
    const [here, there] = this.pair(options);
    return {
      store: here,
      others: there,
      pass: (milliseconds) => sleep(milliseconds),
    };
  }
}
