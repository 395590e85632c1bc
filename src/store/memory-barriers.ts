/** What a barrier keeps out, in the words of a memory store. */
export interface BarrierTargets {
  readonly entryKeys: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
}

/** The barriers of a memory store, shared by its parts. One whose time has passed is forgotten when the next is asked for. */
export class MemoryBarriers {
  /** By their targets, until when each stands, by the monotonic clock. */
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

  /** Whether a barrier keeps out an entry with these tags. */
  bars(entryKey: string, tags: readonly string[], now: number): boolean {
    if (this.#standing.size === 0) return false;
    let barred = false;
    for (const [targets, until] of this.#standing) {
      if (until <= now) this.#standing.delete(targets);
      else if (targets.entryKeys.has(entryKey) || tags.some((tag) => targets.tags.has(tag))) barred = true;
    }
    return barred;
  }
}
