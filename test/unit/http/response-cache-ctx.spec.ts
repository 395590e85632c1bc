import { describe, expect, it } from 'vitest';
import { contextOf, openContext } from '../../../src/http/response-cache-ctx.js';

describe('the context of a response', () => {
  it('keeps what the handler says', () => {
    const context = openContext({});
    expect([context.wishedTtl, context.storeNothing, [...context.named]]).toEqual([undefined, false, []]);
    context.ttl('1m');
    context.tags('a', 'b');
    context.tags('a');
    context.noStore();
    expect([context.wishedTtl, context.storeNothing, [...context.named]]).toEqual([60_000, true, ['a', 'b']]);
    context.ttl(null);
    expect(context.wishedTtl).toBeNull();
  });

  it('is that of the run of its request, the last one that began', () => {
    const request = {};
    const first = openContext(request);
    expect(contextOf(request)).toBe(first);
    const second = openContext(request);
    second.tags('a');
    expect(contextOf(request)).toBe(second);
    expect([...first.named]).toEqual([]);
  });

  it.each([{}, undefined, null, 'message'])(
    'is one that nobody reads where nothing is cached: %j',
    (request) => {
      const context = contextOf(request);
      context.noStore();
      expect(contextOf(request).storeNothing).toBe(false);
    },
  );

  it('refuses what is no tag and no duration', () => {
    const context = contextOf({});
    expect(() => context.tags('')).toThrow('tags: a tag must be a string');
    expect(() => context.ttl('soon')).toThrow('ttl: must be milliseconds');
  });
});
