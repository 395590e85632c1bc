import type fc from 'fast-check';

/** The events of a run: they happen one at a time, and the scheduler says in what order, as far as the lanes permit. */
export class Lanes {
  readonly #scheduler: fc.Scheduler;
  /** What has happened, in order. */
  readonly history: string[] = [];

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler;
  }

  /** A lane of its own. */
  lane(): Lane {
    return new Lane((label, step) => this.#schedule(label, step));
  }

  /** Waits until it is the turn of an event. */
  turn(label: string): Promise<void> {
    return new Promise((resolve) => this.#schedule(label, resolve));
  }

  /** Lets events happen until there are none. */
  async drive(): Promise<void> {
    await settled();
    while (this.#scheduler.count() > 0) {
      await this.#scheduler.waitNext(1);
      await settled();
    }
  }

  #schedule(label: string, step: () => void): void {
    const happen = (): void => {
      this.history.push(label);
      step();
    };
    void this.#scheduler.schedule(Promise.resolve(), label).then(happen);
  }
}

/** Events that keep their order. */
export class Lane {
  readonly #schedule: (label: string, step: () => void) => void;
  readonly #waiting: (readonly [label: string, step: () => void])[] = [];
  #busy = false;

  constructor(schedule: (label: string, step: () => void) => void) {
    this.#schedule = schedule;
  }

  push(label: string, step: () => void): void {
    this.#waiting.push([label, step]);
    this.#next();
  }

  #next(): void {
    const [first] = this.#waiting;
    if (this.#busy || first === undefined) return;
    this.#waiting.shift();
    this.#busy = true;
    const [label, step] = first;
    this.#schedule(label, () => {
      this.#busy = false;
      step();
      this.#next();
    });
  }
}

/** Everything that follows from what has happened has been done: what runs in memory takes microtasks only. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
