import type fc from 'fast-check';

/** What happens at an event. Nothing else happens before it is over. */
type Happening = () => void | Promise<void>;

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
    return new Lane((label, happen) => this.#schedule(label, happen));
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

  #schedule(label: string, happen: Happening): void {
    void this.#scheduler.schedule(Promise.resolve(), label, undefined, async (schedule) => {
      await schedule();
      this.history.push(label);
      await happen();
    });
  }
}

/** Events that keep their order. */
export class Lane {
  readonly #schedule: (label: string, happen: Happening) => void;
  readonly #waiting: (readonly [label: string, happen: Happening])[] = [];
  #busy = false;

  constructor(schedule: (label: string, happen: Happening) => void) {
    this.#schedule = schedule;
  }

  push(label: string, happen: Happening): void {
    this.#waiting.push([label, happen]);
    this.#next();
  }

  #next(): void {
    const [first] = this.#waiting;
    if (this.#busy || first === undefined) return;
    this.#waiting.shift();
    this.#busy = true;
    const [label, happen] = first;
    this.#schedule(label, async () => {
      this.#busy = false;
      await happen();
      this.#next();
    });
  }
}

/** Everything that follows from what has happened has been done: what runs in memory takes microtasks only. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
