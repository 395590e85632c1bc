import type { Clock } from '../clock.js';
import type { RedisConnection } from '../connection/connection.js';
import { RedisUnavailableError } from '../errors.js';

/** How the owner makes things known again. Each resolves when Redis has acknowledged it, and guards nothing by itself. */
export interface Repeats {
  /** Removes entries and ends their leases. */
  keys(entryKeys: readonly string[]): Promise<unknown>;
  /** Invalidates tags. */
  tags(tags: readonly string[]): Promise<unknown>;
  /** Clears the whole cache with its namespaces. */
  all(): Promise<unknown>;
}

/** What `Unsettled` stands on. */
export interface UnsettledContext {
  readonly connection: Pick<RedisConnection, 'available' | 'onUp'>;
  readonly clock: Clock;
  readonly repeat: Repeats;
  /** Told when the first thing becomes unsettled, and when the last one is settled. */
  readonly told: (pending: boolean) => void;
}

const MOST_KEYS = 10_000;
const MOST_TAGS = 1_000;
/** Targets of one repetition. */
const CHUNK = 128;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 1_000;
/** How long bytes of a socket that could not be made void may be on their way, in milliseconds. */
const ZOMBIE_WAIT = 5_000;

/** A Redis that takes no writes at all, removals included: a replica, or one that cannot save. Redis 6 names the script first. */
const NO_WRITES = /(?:^| -)(?:READONLY|MISCONF|NOREPLICAS) /;

/** Whether what was to be changed may have been changed, or has yet to be. */
function isUndecided(error: unknown): boolean {
  return error instanceof RedisUnavailableError || (error instanceof Error && NO_WRITES.test(error.message));
}

/**
 * The entries and tags of one cache of which nobody knows what Redis holds: a write or an invalidation of theirs was not
 * answered, or could not be sent. They are to be treated as absent until an invalidation of them, which is repeated as long
 * as it takes, is acknowledged. What is written to them before that is removed with the rest.
 *
 * Too many of them become one clear of the whole cache. What this process has not settled when it ends stays as it is.
 */
export class Unsettled {
  readonly #context: UnsettledContext;
  readonly #stopListening: () => void;
  /** Each with the number of the last failure that concerned it. */
  readonly #keys = new Map<string, number>();
  readonly #tags = new Map<string, number>();
  /** The same for everything; 0 = not unsettled. While it is, it stands for all keys and tags. */
  #all = 0;
  #failures = 0;
  #pending = false;
  #pause = FIRST_PAUSE;
  #running = false;
  /** Whether the connection has come up since the repetition that is running began. */
  #upAgain = false;
  #cancelRun: (() => void) | undefined;
  readonly #cancelLater = new Set<() => void>();
  #closed = false;

  constructor(context: UnsettledContext) {
    this.#context = context;
    this.#stopListening = context.connection.onUp((voided) => this.#up(voided));
  }

  /** Whether anything is unsettled. */
  get pending(): boolean {
    return this.#pending;
  }

  /** Whether an entry, given by its Redis key, is to be treated as absent. */
  has(entryKey: string): boolean {
    return this.#pending && (this.#all !== 0 || this.#keys.has(entryKey));
  }

  /** Whether whatever carries a tag is to be treated as absent. */
  hasTag(tag: string): boolean {
    return this.#pending && (this.#all !== 0 || this.#tags.has(tag));
  }

  /** Whether everything in the cache is to be treated as absent. */
  get all(): boolean {
    return this.#all !== 0;
  }

  /** Runs what changes these entries, and remembers them if nobody can tell what became of it. Settles as `run` does. */
  guardKeys<T>(entryKeys: readonly string[], run: () => Promise<T>): Promise<T> {
    return this.#guard(run, this.#keys, entryKeys);
  }

  /** The same for what changes tags. */
  guardTags<T>(tags: readonly string[], run: () => Promise<T>): Promise<T> {
    return this.#guard(run, this.#tags, tags);
  }

  /** The same for what clears the cache or a part of it. */
  guardAll<T>(run: () => Promise<T>): Promise<T> {
    return this.#guard(run, undefined, []);
  }

  /** Repeats nothing any more. */
  close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#cancelRun?.();
    for (const cancel of this.#cancelLater) cancel();
    this.#cancelLater.clear();
  }

  async #guard<T>(
    run: () => Promise<T>,
    kind: Map<string, number> | undefined,
    targets: readonly string[],
  ): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (isUndecided(error)) {
        this.#remember(kind, targets);
        this.#plan();
      }
      throw error;
    }
  }

  #remember(kind: Map<string, number> | undefined, targets: readonly string[]): void {
    if (this.#closed || (kind !== undefined && targets.length === 0)) return;
    this.#failures += 1;
    if (this.#all === 0) for (const target of targets) kind?.set(target, this.#failures);
    const everything = kind === undefined || this.#keys.size > MOST_KEYS || this.#tags.size > MOST_TAGS;
    if (everything || this.#all !== 0) {
      this.#all = this.#failures;
      this.#keys.clear();
      this.#tags.clear();
    }
    if (this.#pending) return;
    this.#pending = true;
    this.#context.told(true);
  }

  /** Sees to it that what is pending is repeated some time. While the connection is down, `#up` does. */
  #plan(): void {
    if (this.#closed || this.#running || this.#cancelRun !== undefined) return;
    if (!this.#context.connection.available) return;
    this.#cancelRun = this.#context.clock.schedule(this.#pause, () => void this.#run());
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  #up(voided: boolean): void {
    if (!this.#pending) return;
    if (!voided) this.#repeatLater();
    this.#pause = FIRST_PAUSE;
    if (this.#running) this.#upAgain = true;
    else void this.#run();
  }

  /** What is on its way on a socket before this one may arrive after the repetition: one more has to follow. */
  #repeatLater(): void {
    const all = this.#all !== 0;
    const keys = [...this.#keys.keys()];
    const tags = [...this.#tags.keys()];
    const cancel = this.#context.clock.schedule(ZOMBIE_WAIT, () => {
      this.#cancelLater.delete(cancel);
      if (all) this.#remember(undefined, []);
      this.#remember(this.#tags, tags);
      this.#remember(this.#keys, keys);
      if (!this.#running) void this.#run();
    });
    this.#cancelLater.add(cancel);
  }

  async #run(): Promise<void> {
    this.#cancelRun?.();
    this.#cancelRun = undefined;
    this.#running = true;
    do this.#upAgain = false;
    while (!(await this.#repeatAll()) && this.#upAgain);
    this.#running = false;
    if (this.#pending) this.#plan();
    else this.#pause = FIRST_PAUSE;
  }

  /** Whether nothing is left. */
  async #repeatAll(): Promise<boolean> {
    while (this.#pending && !this.#closed) {
      try {
        await this.#repeatSome();
      } catch {
        return false;
      }
    }
    return true;
  }

  /** Only what has not failed once more since this began is settled by it. */
  async #repeatSome(): Promise<void> {
    const { repeat, told } = this.#context;
    const began = this.#failures;
    if (this.#all !== 0) {
      await repeat.all();
      if (this.#all <= began) this.#all = 0;
    } else if (this.#tags.size > 0) {
      await settle(this.#tags, began, (tags) => repeat.tags(tags));
    } else {
      await settle(this.#keys, began, (keys) => repeat.keys(keys));
    }
    if (this.#all !== 0 || this.#tags.size > 0 || this.#keys.size > 0) return;
    this.#pending = false;
    told(false);
  }
}

async function settle(
  kind: Map<string, number>,
  began: number,
  repeat: (targets: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const targets = [...kind.keys()].slice(0, CHUNK);
  await repeat(targets);
  for (const target of targets) {
    if ((kind.get(target) ?? Infinity) <= began) kind.delete(target);
  }
}
