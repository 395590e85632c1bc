import { describe, expect, it } from 'vitest';
import type { RedisReply } from '../../../src/connection/connection.js';
import { ServerTime } from '../../../src/connection/server-time.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const AHEAD = 5_000_000;

/** A Redis whose clock is ahead of ours, and which takes its time to answer. */
function setUp({ ahead = AHEAD }: { ahead?: number } = {}) {
  const clock = new FakeClock();
  const start = clock.now() - clock.monotonic();
  const waiting: { resolve: (reply: RedisReply) => void; reject: (error: Error) => void }[] = [];
  const server = { ahead, asked: 0 };
  const time = new ServerTime(clock, () => {
    server.asked += 1;
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  });
  const serverNow = (): number => start + clock.monotonic() + server.ahead;
  const reply = (): RedisReply => {
    const now = serverNow();
    const micros = Math.round((now % 1_000) * 1_000);
    return [Buffer.from(String(Math.floor(now / 1_000))), Buffer.from(String(micros))];
  };
  /** Answers the oldest question: its way there takes `there`, the way back `back`. */
  async function answer(there = 0, back = 0): Promise<void> {
    clock.advance(there);
    const text = reply();
    clock.advance(back);
    waiting.shift()?.resolve(text);
    await Promise.resolve();
  }
  async function refuse(message: string): Promise<void> {
    waiting.shift()?.reject(new Error(message));
    await Promise.resolve();
  }
  return { clock, time, server, serverNow, reply, answer, refuse };
}

describe('the time of Redis', () => {
  it('is that of this machine before it is learned, and that of Redis from then on', async () => {
    const { clock, time, serverNow, answer } = setUp();
    expect(time.now()).toBe(clock.now());
    time.connected();
    expect(time.now()).toBe(clock.now());
    await answer();
    expect(time.now()).toBe(serverNow());
    clock.advance(1_234);
    expect(time.now()).toBe(serverNow());
  });

  it('takes half of the round trip off', async () => {
    const { time, serverNow, answer } = setUp();
    time.connected();
    await answer(4, 4);
    expect(time.now()).toBe(serverNow());
  });

  it('is wrong by no more than half of the round trip', async () => {
    const { time, serverNow, answer } = setUp();
    time.connected();
    await answer(0, 8);
    expect(Math.abs(time.now() - serverNow())).toBe(4);
  });

  it('does not heed jumps of the wall clock', async () => {
    const { clock, time, serverNow, answer } = setUp();
    time.connected();
    await answer();
    clock.jumpTo(0);
    expect(time.now()).toBe(serverNow());
  });

  it('is asked for again by the first call that finds it older than a minute, and by nothing else', async () => {
    const { clock, time, server, serverNow, answer } = setUp();
    time.connected();
    await answer();
    clock.advance(59_999);
    time.now();
    expect(server.asked).toBe(1);
    expect(clock.pending).toBe(0);
    clock.advance(1);
    expect(server.asked).toBe(1);
    time.now();
    time.now();
    expect(server.asked).toBe(2);
    server.ahead += 60_000;
    await answer();
    expect(time.now()).toBe(serverNow());
  });

  it('is not made worse by a later sample with a long round trip', async () => {
    const { clock, time, serverNow, answer } = setUp();
    time.connected();
    await answer(1, 1);
    clock.advance(60_000);
    time.now();
    await answer(0, 300);
    expect(time.now()).toBe(serverNow());
  });

  it('follows Redis when its clock was set, even by a sample with a long round trip', async () => {
    const { clock, time, server, serverNow, answer } = setUp();
    time.connected();
    await answer(1, 1);
    clock.advance(60_000);
    server.ahead -= 10_000;
    time.now();
    await answer(150, 150);
    expect(time.now()).toBe(serverNow());
  });

  it('takes a better sample soon after a poor one', async () => {
    const { clock, time, server, serverNow, answer } = setUp();
    time.connected();
    await answer(0, 400);
    expect(time.now()).toBe(serverNow() - 200);
    clock.advance(1_000);
    time.now();
    expect(server.asked).toBe(2);
    await answer(1, 1);
    expect(time.now()).toBe(serverNow());
  });

  it('takes the first sample after each connect, be it ever so poor', async () => {
    const { time, server, serverNow, answer } = setUp();
    time.connected();
    await answer();
    server.ahead += 100;
    time.connected();
    await answer(150, 150);
    expect(time.now()).toBe(serverNow());
  });

  it('goes on as it is while Redis is away', async () => {
    const { clock, time, server, serverNow, answer, refuse } = setUp();
    time.connected();
    await answer();
    clock.advance(60_000);
    time.now();
    await refuse('Redis connection "default" is unavailable');
    clock.jumpTo(0);
    expect(time.now()).toBe(serverNow());
    expect(server.asked).toBe(2);
  });

  it('is that of this machine where TIME is refused, until the next connect', async () => {
    const { clock, time, server, serverNow, answer, refuse } = setUp();
    time.connected();
    await refuse("NOPERM User app has no permissions to run the 'time' command");
    clock.advance(3_600_000);
    expect(time.now()).toBe(clock.now());
    expect(server.asked).toBe(1);
    time.connected();
    await answer();
    expect(time.now()).toBe(serverNow());
  });

  it('learns from samples that others have taken', () => {
    const { clock, time, server, serverNow, reply } = setUp();
    const sentAt = clock.monotonic();
    time.take(sentAt, reply());
    expect(time.now()).toBe(serverNow());
    expect(server.asked).toBe(0);
  });

  it.each([[null], [7], [Buffer.from('x')], [[]], [[Buffer.from('x'), Buffer.from('y')]]])(
    'learns nothing from %j',
    (reply) => {
      const { clock, time } = setUp();
      time.take(0, reply);
      expect(time.now()).toBe(clock.now());
    },
  );
});
