import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { RedisConnection, RedisReply, RedisScript } from '../connection/connection.js';
import type { LockHold } from './held-lock.js';
import { ACQUIRE, RELEASE, RENEW } from './redis-lock-scripts.js';

/** How much longer than the lock its fence lives: a day in which the clock of the server may be put back. */
const FENCE_MORE = 86_400_000;
/** The first pause between two tries to give a lock back, and the longest, in milliseconds. */
const PAUSES = { first: 50, longest: 1_000 } as const;

/** One try to hold the lock at a Redis key, with a token of its own. */
export class RedisHold implements LockHold {
  readonly #connection: RedisConnection;
  readonly #keys: readonly [lock: string, fence: string];
  readonly #ttl: number;
  readonly #clock: Clock;
  readonly #token = randomUUID();

  constructor(connection: RedisConnection, lockKey: string, ttl: number, clock: Clock) {
    this.#connection = connection;
    // The key ends with the brace that closes its hash tag, so no lock has this one, and it is in the same slot.
    this.#keys = [lockKey, `${lockKey}#fence`];
    this.#ttl = ttl;
    this.#clock = clock;
  }

  /** Takes the lock: the fence, or how long the holder's has left to live; `Infinity` = it does not expire. */
  async acquire(): Promise<{ readonly fence: number } | { readonly left: number }> {
    const reply = await this.#evaluate(ACQUIRE);
    if (typeof reply === 'number') return { left: reply < 0 ? Infinity : reply };
    return { fence: Number(reply) };
  }

  async renew(): Promise<boolean> {
    return (await this.#evaluate(RENEW)) === 1;
  }

  async release(): Promise<boolean> {
    return (await this.#evaluate(RELEASE)) === 1;
  }

  abandon(): void {
    this.#abandon(PAUSES.first, this.#clock.monotonic() + this.#ttl);
  }

  #abandon(pause: number, end: number): void {
    this.release().catch(() => {
      if (this.#clock.monotonic() + pause >= end) return;
      this.#clock.schedule(pause, () => this.#abandon(Math.min(PAUSES.longest, pause * 2), end));
    });
  }

  #evaluate(script: RedisScript): Promise<RedisReply> {
    const fenceTtl = String(this.#ttl + FENCE_MORE);
    return this.#connection.evaluate(script, this.#keys, [this.#token, String(this.#ttl), fenceTtl]);
  }
}
