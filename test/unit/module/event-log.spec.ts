import { describe, expect, it } from 'vitest';
import type { CacheEvent } from '../../../src/event/cache-event.js';
import { eventLog } from '../../../src/module/event-log.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

function linesOf(...events: CacheEvent[]): string[] {
  const lines: string[] = [];
  const listener = eventLog(
    { log: (line) => void lines.push(line), warn: (line) => void lines.push(line) },
    new FakeClock(),
  );
  for (const event of events) listener(event);
  return lines;
}

describe('the log', () => {
  const channel = { type: 'channel', connection: 'default', reason: 'NOPERM' } as const;

  it('says that processes have to tell each other, and when memory is not used', () => {
    const lines = linesOf(
      { ...channel, state: 'trusted', mode: 'tracking' },
      { ...channel, state: 'down', mode: 'none' },
      { ...channel, state: 'trusted', mode: 'messages' },
    );
    expect(lines).toEqual([
      expect.stringMatching(/is not used: NOPERM/),
      expect.stringMatching(/must have `memory` on/),
    ]);
  });

  it('says once that a change is not taken, and not when it is', () => {
    const pending: CacheEvent = { type: 'unsettled', cache: 'c', pending: true };
    expect(linesOf(pending, { ...pending, pending: false }, pending)).toHaveLength(1);
  });
});
