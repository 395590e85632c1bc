import type { Clock } from '../clock.js';
import { LockLostError } from '../errors.js';
import type { Lock } from './lock.js';

/** The place where a lock is held, as one who holds it sees it. */
export interface LockHold {
  /** Lets it live for its whole ttl again; false = it is not held any more. */
  renew(): Promise<boolean>;
  /** Gives it back; false = it was not held any more. */
  release(): Promise<boolean>;
  /** Gives it back as soon as possible, without telling. It expires at worst. */
  abandon(): void;
}

/** What a held lock is made of. */
export interface HeldLockParts {
  readonly name: string;
  readonly fence: number;
  /** Milliseconds. */
  readonly ttl: number;
  /** When it was asked for, by the monotonic clock: it lives at least a ttl longer than that. */
  readonly askedAt: number;
  readonly clock: Clock;
}

/** How much sooner than at its expiry a lock counts as lost: clocks differ in pace, and its holder needs time to stop. */
const MARGIN = { part: 0.05, least: 10 } as const;
/** How much of the ttl passes between two renewals, and how much until a failed one is tried again. */
const RENEWALS = { part: 1 / 3, failed: 1 / 20, longest: 1_000 } as const;

/** For how long after it was asked for a lock surely is nobody else's, in milliseconds. */
export function safeTime(ttl: number): number {
  return ttl - Math.max(MARGIN.least, ttl * MARGIN.part);
}

/** A lock that expires elsewhere unless it is renewed. Its timers do not keep the process alive. */
export class HeldLock implements Lock {
  readonly name: string;
  readonly fence: number;
  readonly #ttl: number;
  readonly #clock: Clock;
  readonly #hold: LockHold;
  readonly #lost = new AbortController();
  #held = true;
  #safeUntil = 0;
  #cancelRenewal = (): void => {};
  #cancelLoss = (): void => {};

  constructor({ name, fence, ttl, askedAt, clock }: HeldLockParts, hold: LockHold) {
    this.name = name;
    this.fence = fence;
    this.#ttl = ttl;
    this.#clock = clock;
    this.#hold = hold;
    this.#confirmed(askedAt);
  }

  get signal(): AbortSignal {
    // A process that was paused runs again: its timers may not have run yet.
    if (this.#held && this.#clock.monotonic() >= this.#safeUntil) this.#expired();
    return this.#lost.signal;
  }

  async release(): Promise<boolean> {
    if (!this.#held) return false;
    this.#end();
    try {
      const ours = await this.#hold.release();
      if (!ours) this.#abort('somebody removed it, or it expired');
      return ours;
    } catch (error) {
      this.#hold.abandon();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch(() => {});
  }

  /** It was alive at a time when it was asked for, or later. */
  #confirmed(askedAt: number): void {
    const now = this.#clock.monotonic();
    this.#safeUntil = askedAt + safeTime(this.#ttl);
    this.#cancelLoss();
    this.#cancelLoss = this.#clock.schedule(Math.max(0, this.#safeUntil - now), () => this.#expired());
    this.#renewAfter(Math.max(0, askedAt + this.#ttl * RENEWALS.part - now));
  }

  #renewAfter(delay: number): void {
    this.#cancelRenewal = this.#clock.schedule(delay, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const askedAt = this.#clock.monotonic();
    let ours: boolean | undefined;
    try {
      ours = await this.#hold.renew();
    } catch {
      // Not known: there is time to ask again.
    }
    if (!this.#held) return;
    if (ours === true) this.#confirmed(askedAt);
    else if (ours === undefined) this.#renewAfter(Math.min(RENEWALS.longest, this.#ttl * RENEWALS.failed));
    else this.#lose('somebody removed it, or it expired');
  }

  #expired(): void {
    this.#lose('Redis did not confirm it in time');
    // A renewal whose answer was lost may have kept it from expiring.
    this.#hold.abandon();
  }

  #lose(reason: string): void {
    this.#end();
    this.#abort(reason);
  }

  #end(): void {
    this.#held = false;
    this.#cancelRenewal();
    this.#cancelLoss();
  }

  #abort(reason: string): void {
    this.#lost.abort(new LockLostError(this.name, reason));
  }
}
