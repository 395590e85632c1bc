import { Observable } from 'rxjs';
import type { Clock } from '../clock.js';

/** Handlers of one route that run at a time for a GET with a body. */
const AT_A_TIME = 16;

interface Turn {
  readonly start: () => void;
  stopTimer: () => void;
  state: 'waiting' | 'running' | 'over';
}

/**
 * The runs of one route for GETs with a body. Nothing can be stored for them, so a client could force as many runs as it
 * likes: only some run at a time, the others wait for their turn.
 */
export class FatGets {
  readonly #clock: Clock;
  /** Milliseconds that a request waits at the most. */
  readonly #wait: number;
  readonly #waiting = new Set<Turn>();
  #running = 0;

  constructor(clock: Clock, wait: number) {
    this.#clock = clock;
    this.#wait = wait;
  }

  /** Subscribes to a run when it is its turn. */
  queue(run: Observable<unknown>): Observable<unknown> {
    return new Observable((subscriber) => {
      const turn: Turn = {
        start: () => subscriber.add(run.subscribe(subscriber)),
        stopTimer: () => {},
        state: 'waiting',
      };
      subscriber.add(() => this.#end(turn));
      if (this.#running < AT_A_TIME) this.#start(turn);
      else this.#enqueue(turn);
    });
  }

  #enqueue(turn: Turn): void {
    this.#waiting.add(turn);
    turn.stopTimer = this.#clock.schedule(this.#wait, () => this.#start(turn), true);
  }

  #start(turn: Turn): void {
    this.#waiting.delete(turn);
    turn.stopTimer();
    turn.state = 'running';
    this.#running += 1;
    turn.start();
  }

  #end(turn: Turn): void {
    if (turn.state === 'running') this.#running -= 1;
    turn.state = 'over';
    turn.stopTimer();
    this.#waiting.delete(turn);
    const [next] = this.#waiting;
    if (next !== undefined && this.#running < AT_A_TIME) this.#start(next);
  }
}
