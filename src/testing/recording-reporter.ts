import type { CacheEvent } from '../event/cache-event.js';
import type { Reporter } from '../event/reporter.js';

/** A reporter that keeps what it is told, in order. */
export class RecordingReporter implements Reporter {
  #events: CacheEvent[] = [];

  report(event: CacheEvent): void {
    this.#events.push(event);
  }

  /** Everything told since the last `clear`. */
  get events(): readonly CacheEvent[] {
    return this.#events;
  }

  /** The events of one type. */
  of<T extends CacheEvent['type']>(type: T): Extract<CacheEvent, { readonly type: T }>[] {
    return this.#events.filter((event) => event.type === type) as Extract<CacheEvent, { readonly type: T }>[];
  }

  /** How many events of a type there were. */
  count(type: CacheEvent['type']): number {
    return this.of(type).length;
  }

  /** Forgets what it was told. */
  clear(): void {
    this.#events = [];
  }
}
