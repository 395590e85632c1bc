import { describe, expect, it } from 'vitest';
import { Startup } from '../../../src/connection/startup.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

function begin(required: boolean): { clock: FakeClock; startup: Startup } {
  const clock = new FakeClock();
  return { clock, startup: new Startup('default', required, clock) };
}

describe('a start that requires Redis', () => {
  it('ends when Redis serves, and not before', async () => {
    const { clock, startup } = begin(true);
    startup.changed(false, 'connect ECONNREFUSED', false);
    clock.advance(9_999);
    startup.changed(true, 'Redis answers', false);
    await expect(startup.ended).resolves.toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('fails after 10 s with the last reason', async () => {
    const { clock, startup } = begin(true);
    startup.changed(false, 'connect ECONNREFUSED', false);
    clock.advance(10_000);
    await expect(startup.ended).rejects.toThrow('connect ECONNREFUSED, for 10 s');
  });

  it('fails at once when Redis will not serve us', async () => {
    const { clock, startup } = begin(true);
    startup.changed(false, 'WRONGPASS invalid password', true);
    await expect(startup.ended).rejects.toThrow('"default" is unavailable: WRONGPASS invalid password');
    expect(clock.pending).toBe(0);
  });

  it('fails when it is closed', async () => {
    const { startup } = begin(true);
    startup.abandon();
    await expect(startup.ended).rejects.toThrow('it was closed');
  });
});

describe('a start in the background', () => {
  it.each([
    ['well', true],
    ['badly', false],
  ])('ends when the first try to connect has ended %s', async (_how, available) => {
    const { clock, startup } = begin(false);
    startup.changed(available, 'whatever', false);
    await expect(startup.ended).resolves.toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('waits for it no longer than 2 s', async () => {
    const { clock, startup } = begin(false);
    clock.advance(2_000);
    await expect(startup.ended).resolves.toBeUndefined();
  });
});
