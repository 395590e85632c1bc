import type { ModuleRef } from '@nestjs/core';
import { refusalName } from '../cache/refusal.js';
import type { Clock } from '../clock.js';
import { RedisCacheError, RedisUnavailableError } from '../errors.js';
import type { SessionEvent } from '../session/storage/session-event.js';
import { quietLog, type LogSink, type QuietLog } from './quiet-log.js';

/** Hears what becomes of sessions. What it throws reaches nobody whose session it is: it becomes a warning of the process. */
export type SessionListener = (event: SessionEvent) => void;

/** Tells what becomes of the sessions of an application. */
export class SessionEvents {
  readonly #listeners = new Set<SessionListener>();

  readonly report = (event: SessionEvent): void => {
    for (const listener of this.#listeners) tell(listener, event);
  };

  /** Calls `listener` for each event, until the returned function is called. */
  readonly listen = (listener: SessionListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

function tell(listener: SessionListener, event: SessionEvent): void {
  try {
    listener(event);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}

/** Turns events into log lines: one a minute for each thing that an operator or a developer should look at. */
export function sessionLog(log: LogSink, clock: Clock): SessionListener {
  const warn = quietLog(log, clock);
  return (event) => {
    if (event.type === 'failed') return tellFailure(warn, event.error);
    const line = LINES[event.type];
    if (line !== undefined) warn(line);
  };
}

const LINES: Partial<Record<SessionEvent['type'], string>> = {
  corrupt:
    'Sessions: what Redis holds of one cannot be read. It was put aside for an hour, and its visitor has none.',
  ambiguous:
    'Sessions: a request came with the cookies of several sessions. None of them was used. A subdomain may set cookies of ' +
    'this name; a name that begins with __Host- keeps them out.',
  dropped:
    'Sessions: a request has changed a session that was ended, or got another id, while it ran. The change was dropped.',
};

function tellFailure(warn: QuietLog, error: Error): void {
  // The connection's own line tells of an outage, once.
  if (error instanceof RedisUnavailableError) return;
  const name = refusalName(error);
  // What others say of an error may hold what is in sessions.
  const why = error instanceof RedisCacheError ? error.message : `${name}.`;
  warn(`Sessions: one could not be read, stored or lengthened. ${why}`, name);
}

/** Emits events as `session.<type>` where the application provides the `EventEmitter2` of `@nestjs/event-emitter`. */
export async function nestSessionEvents(modules: ModuleRef): Promise<SessionListener | undefined> {
  try {
    const { EventEmitter2 } = await import('@nestjs/event-emitter');
    const emitter = modules.get(EventEmitter2, { strict: false });
    return (event) => void emitter.emit(`session.${event.type}`, event);
  } catch {
    // The package is not installed, or its module is not imported.
    return undefined;
  }
}
