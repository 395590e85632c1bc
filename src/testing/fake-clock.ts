import type { Clock } from '../clock.js';

interface Scheduled {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. Callbacks run inside `advance`, in the order of their times. */
export class FakeClock implements Clock {
  #wall: number;
  #monotonic = 0;
  readonly #scheduled = new Set<Scheduled>();
  readonly #afterInput: (() => void)[] = [];

  /** `now` is the wall-clock time to begin with, in milliseconds since the epoch. */
  constructor(now = 1_700_000_000_000) {
    this.#wall = now;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  schedule(delay: number, callback: () => void): () => void {
    const entry = { at: this.#monotonic + Math.max(0, delay), callback };
    this.#scheduled.add(entry);
    return () => void this.#scheduled.delete(entry);
  }

  afterInput(callback: () => void): void {
    this.#afterInput.push(callback);
  }

  /** How many callbacks wait for their time. */
  get pending(): number {
    return this.#scheduled.size;
  }

  /** Lets time pass and runs what becomes due, at its own time. */
  advance(milliseconds: number): void {
    const end = this.#monotonic + milliseconds;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#move(Math.max(0, next.at - this.#monotonic));
      this.#scheduled.delete(next);
      next.callback();
      this.#runAfterInput();
    }
    this.#move(end - this.#monotonic);
    this.#runAfterInput();
  }

  /**
   * Lets time pass while the process is busy: what was due meanwhile runs late, once, after it. `input` stands for what
   * arrived in the meantime; it is handled after the late timers and before `afterInput` callbacks, as node does.
   */
  stall(milliseconds: number, input?: () => void): void {
    this.#move(milliseconds);
    const due = [...this.#scheduled]
      .filter(({ at }) => at <= this.#monotonic)
      .toSorted((a, b) => a.at - b.at);
    for (const entry of due) {
      if (this.#scheduled.delete(entry)) entry.callback();
    }
    input?.();
    this.#runAfterInput();
  }

  /** Sets the wall clock, as an administrator or NTP does. Nothing that is scheduled moves. */
  jumpTo(now: number): void {
    this.#wall = now;
  }

  #move(milliseconds: number): void {
    this.#monotonic += milliseconds;
    this.#wall += milliseconds;
  }

  #next(end: number): Scheduled | undefined {
    let first: Scheduled | undefined;
    for (const entry of this.#scheduled) {
      if (entry.at <= end && (first === undefined || entry.at < first.at)) first = entry;
    }
    return first;
  }

  #runAfterInput(): void {
    for (const callback of this.#afterInput.splice(0)) callback();
  }
}
