import type { Clock } from '../clock.js';
import { CompressingWrites } from './compressing-writes.js';
import { MemoryBarriers } from './memory-barriers.js';
import { type MemoryBounds, MemoryEntries } from './memory-entries.js';
import { MemoryLeases } from './memory-leases.js';
import { MemoryTags } from './memory-tags.js';
import { MemoryWatchers } from './memory-watchers.js';

/**
 * What the parts of a memory store share, and what every change of it brings with it. All of it is synchronous: a change
 * is never seen half done.
 */
export class MemoryWhole {
  readonly tags = new MemoryTags();
  readonly leases = new MemoryLeases();
  readonly barriers = new MemoryBarriers();
  readonly watchers = new MemoryWatchers();
  readonly compressing = new CompressingWrites();
  readonly entries: MemoryEntries;
  readonly clock: Clock;

  constructor(bounds: MemoryBounds, clock: Clock) {
    this.entries = new MemoryEntries(bounds, this.tags, clock);
    this.clock = clock;
  }

  /** The entry of a key has changed, by a write or in a like way: a load that runs for it is outdated. */
  changed(entryKey: string): void {
    this.leases.end(entryKey);
    this.watchers.wake(entryKey);
  }

  /** Removes entries, and whatever is on its way under their keys. */
  remove(entryKeys: Iterable<string>): void {
    for (const entryKey of entryKeys) {
      this.compressing.overtake([entryKey]);
      this.entries.delete(entryKey);
      this.changed(entryKey);
    }
  }

  /** Removes all entries whose key begins with `prefix`, and whatever is on its way there. */
  clear(prefix: string): void {
    this.compressing.overtakeBelow(prefix);
    this.entries.deleteBelow(prefix);
    this.leases.endBelow(prefix);
    this.watchers.wakeBelow(prefix);
  }

  /** Makes everything invalid that carries one of the tags. */
  invalidate(tags: ReadonlySet<string>): void {
    if (tags.size === 0) return;
    this.tags.invalidate(tags);
    this.leases.endTagged(tags, this.clock.monotonic());
    this.watchers.wakeBelow('');
  }

  /** Whether a barrier keeps out an entry with these tags at a time of the monotonic clock. Asked before every write. */
  bars(entryKey: string, tags: readonly string[], now: number): boolean {
    if (this.barriers.size === 0) return false;
    // Nobody will invalidate the tags of one whose time has passed: what was loaded under it must not be stored after it.
    for (const expired of this.barriers.takeExpired(now)) this.invalidate(expired.tags);
    return this.barriers.bars(entryKey, tags);
  }
}
