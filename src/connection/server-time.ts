import type { Clock } from '../clock.js';
import { kindOf } from './error-reply.js';

/** What `TIME` answered, and how much of it is unknown: the answer was made at some moment of the round trip. */
interface Sample {
  /** What the time of Redis is ahead of the monotonic clock, in milliseconds. */
  readonly offset: number;
  /** By how much the offset may be wrong at most. */
  readonly error: number;
  /** When it was taken, by the monotonic clock. */
  readonly at: number;
}

const KNOWN_FOR = 60_000;
/** How soon a sample that is wrong by more than `POOR` may be asked for again. */
const POOR_FOR = 1_000;
const POOR = 10;
/** How much two clocks part at most: 100 ms in 1,000 s. */
const DRIFT = 0.0001;

/**
 * The time by the clock of Redis: the monotonic clock of this machine, and an offset that Redis was asked for. Jumps of
 * this machine's wall clock do not move it; it is this wall clock only as long as nothing is learned.
 */
export class ServerTime {
  readonly #clock: Clock;
  readonly #ask: () => Promise<unknown>;
  #sample: Sample | undefined;
  /** From when on Redis is to be asked again. */
  #askFrom = Infinity;

  /** `ask` sends `TIME`. */
  constructor(clock: Clock, ask: () => Promise<unknown>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** Milliseconds since the epoch, whole ones. Asks Redis again, and waits for nothing, when what it knows is old. */
  now(): number {
    const at = this.#clock.monotonic();
    if (at >= this.#askFrom) this.#learn(at);
    return Math.floor(this.#sample === undefined ? this.#clock.now() : at + this.#sample.offset);
  }

  /** There is a new socket, maybe to another server: asks what time it is there. */
  connected(): void {
    if (this.#sample !== undefined) this.#sample = { ...this.#sample, error: Infinity };
    this.#learn(this.#clock.monotonic());
  }

  /** Takes the reply to a `TIME` that was sent at `sentAt` and came right now. */
  take(sentAt: number, reply: unknown): void {
    const server = millisecondsOf(reply);
    if (server === undefined) return;
    const at = this.#clock.monotonic();
    const sample = { offset: server - (sentAt + at) / 2, error: (at - sentAt) / 2, at };
    if (this.#sample === undefined || improves(sample, this.#sample)) this.#sample = sample;
    this.#askFrom = at + (this.#sample.error > POOR ? POOR_FOR : KNOWN_FOR);
  }

  #learn(sentAt: number): void {
    this.#askFrom = sentAt + KNOWN_FOR;
    this.#ask().then(
      (reply) => this.take(sentAt, reply),
      (error: Error) => {
        if (kindOf(error) !== 'command') return;
        this.#sample = undefined;
        this.#askFrom = Infinity;
      },
    );
  }
}

/** Whether a sample says more than the one before, or contradicts it: the clock of Redis was set anew then. */
function improves(sample: Sample, before: Sample): boolean {
  const error = before.error + (sample.at - before.at) * DRIFT;
  return sample.error <= error || Math.abs(sample.offset - before.offset) > sample.error + error;
}

/** Seconds and microseconds, as `TIME` answers. */
function millisecondsOf(reply: unknown): number | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [seconds, micros] = reply as readonly unknown[];
  const time = Number(String(seconds)) * 1_000 + Number(String(micros)) / 1_000;
  return Number.isFinite(time) ? time : undefined;
}
