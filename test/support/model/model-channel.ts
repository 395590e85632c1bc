import type { ChangeChannel, ChangeHearer } from '../../../src/connection/connection.js';
import type { Lane, Lanes } from './lanes.js';
import type { ModelRedis } from './model-redis.js';

/** Something on its way to a node: the number of the last change of Redis when it was sent. */
interface Message {
  readonly serial: number;
}

/**
 * The invalidation channel of a connection to a model of Redis. Each change that it tells of is an event, in their order;
 * so is that it is lost, and that it stands again.
 */
export class ModelChannel implements ChangeChannel {
  readonly voice = { topic: '', next: () => '' };
  epoch = 0;
  trusted = false;
  readonly #name: string;
  readonly #redis: ModelRedis;
  readonly #in: Lane;
  readonly #out: Lane;
  readonly #underWay = new Set<Message>();
  #hearing: { readonly prefixes: readonly string[]; readonly hearer: ChangeHearer } | undefined;
  #untrack: (() => void) | undefined;

  constructor(name: string, redis: ModelRedis, lanes: Lanes) {
    this.#name = name;
    this.#redis = redis;
    this.#in = lanes.lane();
    this.#out = lanes.lane();
  }

  get trustedUntil(): number {
    return this.trusted ? Infinity : -Infinity;
  }

  /** Whether the node knows of a change of Redis, or relies on nothing that it may have missed. */
  knows(serial: number): boolean {
    return !this.trusted || [...this.#underWay].every((message) => message.serial > serial);
  }

  listen(prefixes: readonly string[], hearer: ChangeHearer): () => void {
    this.#hearing = { prefixes, hearer };
    this.#arm();
    return () => {
      this.#untrack?.();
      this.#hearing = undefined;
    };
  }

  /** Redis loses it. The node notices some time later, and asks for it anew. */
  lose(): void {
    if (this.#untrack === undefined) return;
    this.#untrack();
    this.#untrack = undefined;
    // Behind the last change that it tells of, and before the next one.
    this.#tell('loses its channel', 0.5, () => {
      this.#move(false);
      this.#arm();
    });
  }

  #arm(): void {
    this.#out.push(`${this.#name}: TRACKING`, () => {
      this.#tell('has a channel', 0, () => this.#move(true));
      this.#untrack = this.#redis.track((key) => this.#told(key));
    });
  }

  #move(trusted: boolean): void {
    this.trusted = trusted;
    this.epoch += 1;
    this.#hearing?.hearer.lost();
  }

  #told(key: string): void {
    if (this.#hearing?.prefixes.some((prefix) => key.startsWith(prefix)) !== true) return;
    this.#tell(`is told of ${key}`, 0, () => this.#hearing?.hearer.changed(key));
  }

  #tell(what: string, after: number, then: () => void): void {
    const message = { serial: this.#redis.serial + after };
    this.#underWay.add(message);
    this.#in.push(`${this.#name} ${what}`, () => {
      this.#underWay.delete(message);
      then();
    });
  }
}
