import type { Clock } from '../clock.js';
import type { RedisConnection } from '../connection/connection.js';
import { LockTimeoutError, RedisUnavailableError } from '../errors.js';
import type { KeySpace } from '../key/key-space.js';
import { HeldLock, safeTime } from './held-lock.js';
import type { Lock, LockOptions, Locks } from './lock.js';
import { checkLockName, resolveLockOptions } from './lock-options.js';
import { RedisHold } from './redis-hold.js';

/** What locks in Redis stand on. */
export interface RedisLocksContext {
  readonly connection: RedisConnection;
  readonly space: KeySpace;
  readonly clock: Clock;
}

/** The first pause between two tries to take a lock, and the longest, in milliseconds. */
const PAUSES = { first: 5, longest: 250 } as const;

/** Locks in Redis, shared by all processes that use the same key space. */
export function redisLocks(context: RedisLocksContext): Locks {
  return new RedisLocks(context);
}

class RedisLocks implements Locks {
  readonly #context: RedisLocksContext;

  constructor(context: RedisLocksContext) {
    this.#context = context;
  }

  namespace(name: string): Locks {
    return new RedisLocks({ ...this.#context, space: this.#context.space.namespace(name) });
  }

  async lock(name: string, options?: LockOptions): Promise<Lock> {
    checkLockName(name);
    const { ttl, wait } = resolveLockOptions(options);
    const { clock } = this.#context;
    const until = clock.monotonic() + wait;
    for (let tries = 0; ; tries++) {
      const taken = await this.#try(name, ttl);
      if (taken instanceof HeldLock) return taken;
      const left = until - clock.monotonic();
      if (left <= 0) throw new LockTimeoutError(name, wait);
      const pause = Math.min(left, taken, pauseAfter(tries));
      // The caller waits for it, so the process must not end.
      await new Promise<void>((resolve) => void clock.schedule(pause, resolve, true));
    }
  }

  /** The lock, or in how many milliseconds the one of its holder expires. */
  async #try(name: string, ttl: number): Promise<HeldLock | number> {
    const { connection, space, clock } = this.#context;
    const hold = new RedisHold(connection, space.lockKey(name), ttl, clock);
    const askedAt = clock.monotonic();
    const sent = connection.available;
    let answer: Awaited<ReturnType<RedisHold['acquire']>>;
    try {
      answer = await hold.acquire();
    } catch (error) {
      // Without an answer it may have been taken, or may be yet.
      if (sent && error instanceof RedisUnavailableError) hold.abandon();
      throw error;
    }
    if ('left' in answer) return answer.left;
    if (clock.monotonic() < askedAt + safeTime(ttl)) {
      return new HeldLock({ name, fence: answer.fence, ttl, askedAt, clock }, hold);
    }
    // The answer took so long that it may have expired again.
    hold.abandon();
    return 0;
  }
}

/** Doubles, less up to half of it: those who wait together shall not come together. */
function pauseAfter(tries: number): number {
  return Math.min(PAUSES.longest, PAUSES.first * 2 ** tries) * (1 - Math.random() / 2);
}
