import { vi } from 'vitest';
import { systemClock } from '../../../../src/clock.js';
import { ServerTime } from '../../../../src/connection/server-time.js';

/** Time that goes on by itself, and can be let pass. Redis seems to agree: what it says of the time is shifted, too. */
export interface VirtualTime {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Lets milliseconds pass. Only while nothing is under way. */
  pass(milliseconds: number): void;
  restore(): void;
}

/** Puts all applications of this process ahead of the clock. */
export function virtualTime(): VirtualTime {
  const { now, monotonic } = systemClock;
  const take = ServerTime.prototype.take;
  let ahead = 0;
  vi.spyOn(systemClock, 'now').mockImplementation(() => now() + ahead);
  vi.spyOn(systemClock, 'monotonic').mockImplementation(() => monotonic() + ahead);
  vi.spyOn(ServerTime.prototype, 'take').mockImplementation(function (this: ServerTime, sentAt, reply) {
    take.call(this, sentAt, shifted(reply, ahead));
  });
  return {
    now: () => systemClock.now(),
    pass: (milliseconds) => void (ahead += milliseconds),
    restore: () => vi.restoreAllMocks(),
  };
}

/** Seconds and microseconds, as `TIME` answers. */
function shifted(reply: unknown, by: number): unknown {
  if (!Array.isArray(reply)) return reply;
  const [seconds, micros] = reply as readonly unknown[];
  return [String(Number(String(seconds)) + Math.floor(by / 1_000)), String(micros)];
}
