import { describe, expect, it } from 'vitest';
import { CLIENTS, get, open, outcomes, redis, set } from './harness.js';

/** Keeps the event loop of this process busy. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

function stopper(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe.each(CLIENTS)('a busy process on %s', (_version, client) => {
  it.each([120, 400, 2_000])('gets its answers although it was busy for %i ms', async (busy) => {
    const server = await redis();
    const { connection, events } = await open({ url: server.url, deadline: '100ms' }, { client });
    await set(connection, 'k', 'v');
    for (let round = 0; round < 3; round += 1) {
      const calls = Promise.all(Array.from({ length: 40 }, () => get(connection, 'k')));
      await nextTurn();
      block(busy / 3);
      await nextTurn();
      block(busy / 3);
      expect(new Set(await calls)).toEqual(new Set(['v']));
    }
    expect(events).toEqual(['up: Redis answers']);
  });

  it('gets its answers although it is busy in every turn', async () => {
    const server = await redis();
    const { connection, events } = await open({ url: server.url, deadline: '100ms' }, { client });
    await set(connection, 'k', 'v');
    const { signal, abort } = stopper();
    const busy = (async () => {
      while (!signal.aborted) {
        block(150);
        await nextTurn();
      }
    })();
    expect(await outcomes(10, () => get(connection, 'k'))).toEqual(Array.from({ length: 10 }, () => 'ok'));
    abort();
    await busy;
    expect(events).toEqual(['up: Redis answers']);
  });
});
