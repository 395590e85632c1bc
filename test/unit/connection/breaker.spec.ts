import { describe, expect, it } from 'vitest';
import { Breaker } from '../../../src/connection/breaker.js';

function closed(limit = 5): Breaker {
  const breaker = new Breaker(limit);
  breaker.trying();
  breaker.answered();
  return breaker;
}

function timeouts(breaker: Breaker, count: number): boolean[] {
  return Array.from({ length: count }, () => breaker.timedOut());
}

describe('Breaker', () => {
  it('begins open, and closes when the probe is answered', () => {
    const breaker = new Breaker(5);
    expect(breaker.state).toBe('open');
    expect(breaker.trying()).toBe(true);
    expect(breaker.state).toBe('half-open');
    expect(breaker.answered()).toBe(true);
    expect(breaker.state).toBe('closed');
  });

  it('opens at the fifth timeout in a row, and tells the change once', () => {
    const breaker = closed();
    expect(timeouts(breaker, 7)).toEqual([false, false, false, false, true, false, false]);
    expect(breaker.state).toBe('open');
    expect(breaker.reason).toBe('no answer to 5 commands in a row');
  });

  it('stays closed when any reply comes between the timeouts', () => {
    const breaker = closed();
    for (let round = 0; round < 10; round += 1) {
      timeouts(breaker, 4);
      expect(breaker.answered()).toBe(false);
    }
    expect(breaker.state).toBe('closed');
  });

  it('opens at once when the connection is lost or Redis says that it cannot serve', () => {
    const lost = closed();
    expect(lost.lost('read ECONNRESET')).toBe(true);
    expect(lost.state).toBe('open');
    const loading = closed();
    expect(loading.refused('LOADING Redis is loading the dataset in memory')).toBe(true);
    expect(loading.state).toBe('open');
    expect(loading.reason).toMatch(/^LOADING/);
  });

  it('closes when a late answer comes', () => {
    const breaker = closed();
    timeouts(breaker, 5);
    expect(breaker.answered()).toBe(true);
    expect(breaker.state).toBe('closed');
    expect(timeouts(breaker, 4)).toEqual([false, false, false, false]);
  });

  it('opens again when the probe is not answered in time, and may be tried again', () => {
    const breaker = new Breaker(5);
    breaker.trying();
    expect(breaker.timedOut()).toBe(true);
    expect(breaker.state).toBe('open');
    expect(breaker.trying()).toBe(true);
  });

  it('is not tried while it is closed or while a probe is on its way', () => {
    const breaker = closed();
    expect(breaker.trying()).toBe(false);
    breaker.lost('gone');
    expect(breaker.trying()).toBe(true);
    expect(breaker.trying()).toBe(false);
  });

  it('counts anew after it has closed', () => {
    const breaker = closed(2);
    timeouts(breaker, 2);
    breaker.trying();
    breaker.answered();
    expect(breaker.timedOut()).toBe(false);
    expect(breaker.timedOut()).toBe(true);
  });
});
