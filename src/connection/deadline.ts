import type { Clock } from '../clock.js';

/** Something that waits for Redis: a node of the list that `Deadlines` keeps, made by whoever waits. */
export interface Awaited {
  /** What to do when the deadline has passed without an answer. The entry stays in the list until `settle`. */
  expire(): void;
  /** Set by `Deadlines`: the tick at which it expires. */
  due: number;
  expired: boolean;
  previous: Awaited | undefined;
  next: Awaited | undefined;
}

/** What a set of deadlines is made of. Times are in milliseconds. */
export interface DeadlineOptions {
  readonly clock: Clock;
  readonly deadline: number;
  /** How long after its deadline an entry may stay unanswered before `stuck` is called. */
  readonly patience: number;
  /** Called on every tick at which the oldest entry has been unanswered for longer than deadline and patience. */
  readonly stuck: () => void;
}

const TICKS = 6;
const TICKS_PER_DEADLINE = 5;

/**
 * The deadlines of all that is in flight on one connection, counted in turns of the event loop instead of wall time: a
 * tick is a fifth of the deadline, and an entry expires after six ticks, once the input that has arrived was handled.
 * However long the process itself stalls, that counts as one tick, since the answer may be waiting in the socket.
 * One timer serves all entries. It runs only while there are some, and never keeps the process alive.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #tickLength: number;
  readonly #patience: number;
  readonly #stuck: () => void;
  #tick = 0;
  #cancel: (() => void) | undefined;
  #oldest: Awaited | undefined;
  #newest: Awaited | undefined;

  constructor({ clock, deadline, patience, stuck }: DeadlineOptions) {
    this.#clock = clock;
    this.#tickLength = Math.max(1, deadline / TICKS_PER_DEADLINE);
    this.#patience = Math.ceil(patience / this.#tickLength);
    this.#stuck = stuck;
  }

  /** Whether nothing waits for an answer, expired or not. */
  get idle(): boolean {
    return this.#oldest === undefined;
  }

  /** Starts the deadline of an entry. `chunks` deadlines are allowed to it, and `extra` milliseconds. */
  add(entry: Awaited, chunks: number, extra: number): void {
    const allowance = chunks === 1 ? TICKS : TICKS + (chunks - 1) * TICKS_PER_DEADLINE;
    entry.due = this.#tick + allowance + (extra === 0 ? 0 : Math.ceil(extra / this.#tickLength));
    entry.previous = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.next = entry;
    this.#newest = entry;
    if (this.#cancel === undefined) this.#arm();
  }

  /** Takes an entry out: it was answered, or never will be. */
  settle(entry: Awaited): void {
    const { previous, next } = entry;
    if (previous === undefined) this.#oldest = next;
    else previous.next = next;
    if (next === undefined) this.#newest = previous;
    else next.previous = previous;
    entry.previous = entry.next = undefined;
  }

  /** Stops the timer, and lets all expire that is still waited for. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#expire(Infinity);
  }

  #arm(): void {
    this.#cancel = this.#clock.schedule(this.#tickLength, () => {
      this.#cancel = undefined;
      if (this.#oldest === undefined) return;
      this.#tick += 1;
      this.#arm();
      this.#clock.afterInput(() => this.#sweep());
    });
  }

  #sweep(): void {
    const oldest = this.#oldest;
    if (oldest === undefined) return;
    const stuck = this.#tick - oldest.due >= this.#patience;
    this.#expire(this.#tick);
    if (stuck) this.#stuck();
  }

  #expire(tick: number): void {
    for (let entry = this.#oldest; entry !== undefined; entry = entry.next) {
      if (entry.expired || entry.due > tick) continue;
      entry.expired = true;
      entry.expire();
    }
  }
}
