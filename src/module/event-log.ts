import { refusalName } from '../cache/refusal.js';
import type { Clock } from '../clock.js';
import { RedisUnavailableError } from '../errors.js';
import type { CacheEvent } from '../event/cache-event.js';
import type { EventListener } from '../event/reporter.js';
import { quietLog, type LogSink } from './quiet-log.js';

/**
 * Turns events into log lines: one per change of a connection's state, and one a minute for each thing that an operator
 * or a developer should mend. Keys stand in no line, since they may hold personal data.
 */
export function eventLog(log: LogSink, clock: Clock): EventListener {
  const warn = quietLog(log, clock);
  return (event) => {
    if (event.type === 'connection') return logConnection(log, event);
    const line = lineOf(event);
    if (line !== undefined) warn(line);
  };
}

function logConnection(log: LogSink, event: CacheEvent & { type: 'connection' }): void {
  const line = `Redis connection "${event.connection}" is ${event.state}: ${event.reason}`;
  if (event.state === 'up') log.log(line);
  else log.warn(line);
}

function lineOf(event: CacheEvent): string | undefined {
  switch (event.type) {
    case 'uncacheable':
      return `Cache "${event.cache}": a value is not cached. ${event.reason}`;
    case 'unreadable':
      return `Cache "${event.cache}": a stored entry was treated as a miss: ${event.reason}`;
    case 'error':
      // The connection's own line tells of an outage, once.
      if (event.error instanceof RedisUnavailableError) return undefined;
      return `Cache "${event.cache}": ${event.operation} was refused with ${refusalName(event.error)}.`;
    case 'channel':
      return channelLine(event);
    case 'unsettled':
      if (!event.pending) return undefined;
      return `Cache "${event.cache}": Redis has not taken a change. What it concerns is not served until it has.`;
    default:
      return undefined;
  }
}

function channelLine({
  connection,
  state,
  mode,
  reason,
}: CacheEvent & { type: 'channel' }): string | undefined {
  if (state === 'down') return `Memory in front of Redis connection "${connection}" is not used: ${reason}`;
  if (mode !== 'messages') return undefined;
  return (
    `Redis connection "${connection}" tracks no keys for memory in front of it (${reason}): processes tell each other. ` +
    'All that write must have `memory` on, and the same rights.'
  );
}
