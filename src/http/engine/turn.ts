import type { Clock } from '../../clock.js';

/** A request that waits, until it is told something for the first time, or has waited for long enough. */
export class Turn {
  readonly #stop: () => void;
  #over = false;

  constructor(clock: Clock, wait: number, tired: () => void) {
    this.#stop = clock.schedule(wait, () => this.end(tired), true);
  }

  get isOver(): boolean {
    return this.#over;
  }

  end(tell: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#stop();
    tell();
  }
}
