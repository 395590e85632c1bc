/** What a barrier keeps out, in the words of a memory store. */
export interface BarrierTargets {
  readonly entryKeys: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
}

/** The barriers of a memory store, shared by its parts. */
export class MemoryBarriers {
  /** Until when each stands, by the monotonic clock. */
  readonly #standing = new Map<BarrierTargets, number>();

  /** How many stand, those included whose time has passed unnoticed. */
  get size(): number {
    return this.#standing.size;
  }

  /** Lets a barrier stand until a time. */
  stand(targets: BarrierTargets, until: number): void {
    this.#standing.set(targets, until);
  }

  /** Takes one away. */
  lift(targets: BarrierTargets): void {
    this.#standing.delete(targets);
  }

  /** Takes those away whose time has passed, and gives them. */
  takeExpired(now: number): BarrierTargets[] {
    const expired: BarrierTargets[] = [];
    for (const [targets, until] of this.#standing) if (until <= now) expired.push(targets);
    for (const targets of expired) this.#standing.delete(targets);
    return expired;
  }

  /** Whether one of them keeps out an entry with these tags. */
  bars(entryKey: string, tags: readonly string[]): boolean {
    for (const targets of this.#standing.keys()) {
      if (targets.entryKeys.has(entryKey) || tags.some((tag) => targets.tags.has(tag))) return true;
    }
    return false;
  }
}
