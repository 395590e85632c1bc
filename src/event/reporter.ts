import { channel } from 'node:diagnostics_channel';
import type { CacheEvent } from './cache-event.js';

/** The name of the `node:diagnostics_channel` on which every event of this process is published. */
export const EVENT_CHANNEL = 'nestjs-redis-cache:event';

/** Takes events. `report` never throws and does not wait for anyone. */
export interface Reporter {
  report(event: CacheEvent): void;
}

/** Hears events. What it throws reaches no caller: it becomes a warning of the process. */
export type EventListener = (event: CacheEvent) => void;

/** A reporter that publishes on the diagnostics channel and tells the given listeners, in order. */
export function createReporter(listeners: readonly EventListener[] = []): Reporter {
  const events = channel(EVENT_CHANNEL);
  return {
    report(event) {
      for (const listener of listeners) tell(listener, event);
      if (events.hasSubscribers) events.publish(event);
    },
  };
}

function tell(listener: EventListener, event: CacheEvent): void {
  try {
    listener(event);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
