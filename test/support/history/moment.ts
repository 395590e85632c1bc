/**
 * A moment in microseconds by the clock that all processes of this machine share (CLOCK_MONOTONIC). Jumps of the wall clock
 * do not move it, and moments of different processes may be compared.
 */
export type Moment = number;

/** This moment. */
export function moment(): Moment {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** Milliseconds as `Moment` counts them. */
export function ms(milliseconds: number): Moment {
  return milliseconds * 1_000;
}
