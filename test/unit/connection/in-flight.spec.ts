import { describe, expect, it } from 'vitest';
import { InFlight, type InFlightListener } from '../../../src/connection/in-flight.js';
import type { CommandClient } from '../../../src/connection/client.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

interface Sent {
  readonly args: readonly (string | Buffer)[];
  readonly reply: (reply: unknown) => void;
  readonly fail: (error: Error) => void;
}

/** A client whose server answers when the test says so. */
function scriptedClient(): CommandClient & { sent: Sent[] } {
  const sent: Sent[] = [];
  return {
    sent,
    isReady: true,
    sendCommand: (args) => new Promise((reply, fail) => sent.push({ args, reply, fail })),
  };
}

function setUp(): {
  clock: FakeClock;
  client: ReturnType<typeof scriptedClient>;
  inFlight: InFlight;
  told: string[];
} {
  const clock = new FakeClock();
  const client = scriptedClient();
  const told: string[] = [];
  const listener: InFlightListener = {
    answered: () => void told.push('answered'),
    failed: (error) => (error.message.startsWith('ERR') ? undefined : new Error('unavailable')),
    expired: () => new Error('expired'),
    drained: () => void told.push('drained'),
    stuck: () => void told.push('stuck'),
  };
  return {
    clock,
    client,
    told,
    inFlight: new InFlight({ client, clock, deadline: 250, patience: 1_000 }, listener),
  };
}

/** What has become of a promise so far. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  const pending = Promise.resolve('pending');
  return Promise.race([promise.then(String, (error: Error) => error.message), pending.then(() => pending)]);
}

const keys = (count: number): string[] => Array.from({ length: count }, (_, index) => `k${index}`);

describe('InFlight', () => {
  it('answers with what Redis answers, error replies included', async () => {
    const { client, inFlight, told } = setUp();
    const [good, bad, lost] = [
      inFlight.send(['GET', 'a']),
      inFlight.send(['FOO']),
      inFlight.send(['GET', 'b']),
    ];
    client.sent[0]?.reply(Buffer.from('v'));
    client.sent[1]?.fail(new Error('ERR unknown command'));
    client.sent[2]?.fail(new Error('Socket closed unexpectedly'));
    expect(await good).toEqual(Buffer.from('v'));
    await expect(bad).rejects.toThrow('ERR unknown command');
    await expect(lost).rejects.toThrow('unavailable');
    expect(told).toEqual(['answered', 'drained']);
    expect(inFlight.idle).toBe(true);
  });

  it('swallows and counts a reply that comes too late', async () => {
    const { clock, client, inFlight, told } = setUp();
    const call = inFlight.send(['GET', 'a']);
    clock.advance(300);
    await expect(call).rejects.toThrow('expired');
    expect(inFlight.lateReplies).toBe(0);
    expect(inFlight.idle).toBe(false);
    client.sent[0]?.reply(Buffer.from('v'));
    await Promise.resolve();
    expect(inFlight.lateReplies).toBe(1);
    expect(inFlight.idle).toBe(true);
    expect(told).toEqual(['drained', 'answered']);
  });

  it('allows one deadline per hundred keys', async () => {
    const { clock, inFlight } = setUp();
    const few = inFlight.send(['MGET', ...keys(100)]);
    const many = inFlight.send(['MGET', ...keys(1_000)]);
    const batch = inFlight.sendAll(keys(200).map((key) => ({ key, args: ['GET', key] })));
    clock.advance(300);
    expect(await stateOf(few)).toBe('expired');
    expect(await stateOf(batch)).toBe('pending');
    clock.advance(250);
    expect(await stateOf(batch)).toBe('expired');
    expect(await stateOf(many)).toBe('pending');
    clock.advance(2_000);
    expect(await stateOf(many)).toBe('expired');
  });

  it('allows a millisecond more per 10 KB sent', async () => {
    const { clock, inFlight } = setUp();
    const large = inFlight.send(['SET', 'k', Buffer.alloc(5 * 1024 * 1024)]);
    clock.advance(800);
    expect(await stateOf(large)).toBe('pending');
    clock.advance(50);
    expect(await stateOf(large)).toBe('expired');
  });

  it('answers a batch once all its replies are there, errors in their place', async () => {
    const { client, inFlight } = setUp();
    const batch = inFlight.sendAll(keys(3).map((key) => ({ key, args: ['GET', key] })));
    const refused = new Error('ERR no');
    client.sent[0]?.reply(1);
    client.sent[1]?.fail(refused);
    expect(await stateOf(batch)).toBe('pending');
    client.sent[2]?.reply(null);
    expect(await batch).toEqual([1, refused, null]);
    expect(inFlight.idle).toBe(true);
  });

  it('rejects a batch of which one command will not be answered', async () => {
    const { client, inFlight } = setUp();
    const batch = inFlight.sendAll(keys(2).map((key) => ({ key, args: ['GET', key] })));
    client.sent[0]?.reply(1);
    client.sent[1]?.fail(new Error('Socket closed unexpectedly'));
    await expect(batch).rejects.toThrow('unavailable');
  });

  it('rejects a batch as a whole when its deadline has passed', async () => {
    const { clock, client, inFlight } = setUp();
    const batch = inFlight.sendAll(keys(2).map((key) => ({ key, args: ['GET', key] })));
    client.sent[0]?.reply(1);
    clock.advance(300);
    await expect(batch).rejects.toThrow('expired');
    client.sent[1]?.reply(2);
    await Promise.resolve();
    expect(inFlight.lateReplies).toBe(1);
  });

  it('keeps no timer once all is answered', async () => {
    const { clock, client, inFlight } = setUp();
    const call = inFlight.send(['GET', 'a']);
    client.sent[0]?.reply(null);
    await call;
    clock.advance(50);
    expect(clock.pending).toBe(0);
  });
});
