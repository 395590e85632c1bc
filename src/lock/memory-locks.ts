import type { Clock } from '../clock.js';
import { LockTimeoutError } from '../errors.js';
import type { Lock, LockOptions, Locks } from './lock.js';
import { checkLockName, resolveLockOptions } from './lock-options.js';

/** Locks within this process. Who waits longest is next; one that is held is never lost, so that its ttl is of no account. */
export function memoryLocks({ clock }: { readonly clock: Clock }): Locks {
  return new MemoryLocks(new LockTable(clock), '');
}

/** Is given the lock that it has waited for. */
type Waiter = (lock: Lock) => void;

class MemoryLocks implements Locks {
  readonly #table: LockTable;
  /** One `<length>:<name>/` per namespace. A lock's name follows after `=`, which begins no namespace. */
  readonly #prefix: string;

  constructor(table: LockTable, prefix: string) {
    this.#table = table;
    this.#prefix = prefix;
  }

  namespace(name: string): Locks {
    return new MemoryLocks(this.#table, `${this.#prefix}${name.length}:${name}/`);
  }

  async lock(name: string, options?: LockOptions): Promise<Lock> {
    checkLockName(name);
    return this.#table.take(`${this.#prefix}=${name}`, name, resolveLockOptions(options).wait);
  }
}

/** The locks that are held, with those who wait for each. */
class LockTable {
  readonly #clock: Clock;
  readonly #held = new Map<string, Set<Waiter>>();
  #lastFence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(id: string, name: string, wait: number): Lock | Promise<Lock> {
    const waiting = this.#held.get(id);
    if (waiting === undefined) {
      this.#held.set(id, new Set());
      return this.#lock(id, name);
    }
    if (wait === 0) throw new LockTimeoutError(name, wait);
    return new Promise((resolve, reject) => {
      const waiter = (lock: Lock): void => {
        cancel();
        resolve(lock);
      };
      waiting.add(waiter);
      // The caller waits for it, so the process must not end.
      const cancel = this.#clock.schedule(
        wait,
        () => {
          waiting.delete(waiter);
          reject(new LockTimeoutError(name, wait));
        },
        true,
      );
    });
  }

  #lock(id: string, name: string): Lock {
    // As in Redis: it also grows from one life of the process to the next.
    this.#lastFence = Math.max(this.#lastFence + 1, Math.floor(this.#clock.now() * 1_000));
    let held = true;
    const release = async (): Promise<boolean> => {
      if (!held) return false;
      held = false;
      this.#pass(id, name);
      return true;
    };
    return {
      name,
      fence: this.#lastFence,
      signal: new AbortController().signal,
      release,
      [Symbol.asyncDispose]: async () => void (await release()),
    };
  }

  #pass(id: string, name: string): void {
    const waiting = this.#held.get(id);
    const [next] = waiting ?? [];
    if (next === undefined) {
      this.#held.delete(id);
      return;
    }
    waiting?.delete(next);
    next(this.#lock(id, name));
  }
}
