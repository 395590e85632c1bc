import type { Clock } from '../clock.js';

/** The part of Nest's logger that is used. */
export interface LogSink {
  log(message: string): void;
  warn(message: string): void;
}

/** What was said is held back for so long, in milliseconds. */
const QUIET = 60_000;
const REMEMBERED = 1_000;

/** Warns of each thing once a minute. `about` is what it is about, where not all lines of that are alike. */
export type QuietLog = (line: string, about?: string) => void;

/** Keeps a log readable while the same happens again and again. */
export function quietLog(log: LogSink, clock: Clock): QuietLog {
  const told = new Map<string, number>();
  return (line, about = line) => {
    const now = clock.monotonic();
    const last = told.get(about);
    if (last !== undefined && now - last < QUIET) return;
    if (told.size >= REMEMBERED) told.clear();
    told.set(about, now);
    log.warn(line);
  };
}
