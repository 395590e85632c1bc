import { systemClock, type Clock } from '../../../src/clock.js';

/** The clock of this machine with a wall clock that can be set, and a count of the timers that are running. */
export class JumpingClock implements Clock {
  #jump = 0;
  #pending = 0;

  now(): number {
    return systemClock.now() + this.#jump;
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  schedule(delay: number, callback: () => void, awake?: boolean): () => void {
    let over = false;
    const end = (): void => {
      if (!over) this.#pending -= 1;
      over = true;
    };
    this.#pending += 1;
    const cancel = systemClock.schedule(
      delay,
      () => {
        end();
        callback();
      },
      awake,
    );
    return () => {
      end();
      cancel();
    };
  }

  afterInput(callback: () => void): void {
    systemClock.afterInput(callback);
  }

  /** Timers that are neither due yet nor cancelled. */
  get pending(): number {
    return this.#pending;
  }

  /** Sets the wall clock to what it was at the beginning, and so many milliseconds more. */
  jumpBy(milliseconds: number): void {
    this.#jump = milliseconds;
  }
}
