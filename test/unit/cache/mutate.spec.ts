import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { failureOf } from '../../../src/testing/failure-of.js';
import { Processes, quiet } from './processes.js';

describe('mutate', () => {
  it('keeps out of the cache what is loaded or set while its work runs, in all processes', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    await one.cache.set('key', 'before');
    let commit!: () => void;
    const committed = new Promise<void>((resolve) => (commit = resolve));
    const mutation = one.cache.mutate({ keys: ['key'] }, async () => {
      await committed;
      return 'done';
    });
    await quiet();
    expect(await two.cache.get('key')).toBeUndefined();
    expect(await two.cache.getOrSet('key', () => 'old')).toBe('old');
    expect(await two.cache.set('key', 'old')).toBe('old');
    expect(await two.cache.add('key', 'old')).toBe(false);
    expect(await two.cache.get('key')).toBeUndefined();
    expect(two.events.of('write').map(({ stored }) => stored)).toEqual([false, false, false]);
    commit();
    expect(await mutation).toBe('done');
    expect(await two.cache.getOrSet('key', () => 'new')).toBe('new');
    expect(await one.cache.get('key')).toBe('new');
    expect(processes.clock.pending).toBe(0);
  });

  it('does the same for tags', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    await one.cache.set('key', 'before', { tags: ['tag'] });
    await one.cache.mutate({ tags: 'tag' }, async () => {
      expect(await two.cache.get('key')).toBeUndefined();
      expect(await two.cache.getOrSet('key', () => 'old', { tags: ['tag'] })).toBe('old');
      expect(await two.cache.get('key')).toBeUndefined();
    });
    expect(await two.cache.getOrSet('key', () => 'new', { tags: ['tag'] })).toBe('new');
    expect(await one.cache.get('key')).toBe('new');
  });

  it('ends a load that began before it', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    let give!: (value: string) => void;
    const loading = two.cache.getOrSet('key', () => new Promise<string>((resolve) => (give = resolve)));
    await quiet();
    await one.cache.mutate({ keys: ['key'] }, () => undefined);
    give('old');
    expect(await loading).toBe('old');
    expect(await one.cache.get('key')).toBeUndefined();
  });

  it('invalidates when its work fails too, and throws what it threw', async () => {
    const processes = new Processes();
    const { cache } = processes.start();
    await cache.set('key', 'before');
    const boom = new Error('boom');
    expect(
      await failureOf(
        cache.mutate({ keys: ['key'] }, () => {
          throw boom;
        }),
      ),
    ).toBe(boom);
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.getOrSet('key', () => 'new')).toBe('new');
    expect(await cache.get('key')).toBe('new');
  });

  it('several at once: the key stays out until the last one has ended', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    let end!: () => void;
    const long = one.cache.mutate(
      { keys: ['key'], tags: ['tag'] },
      () => new Promise<void>((resolve) => (end = resolve)),
    );
    await quiet();
    await two.cache.mutate({ keys: ['key'], tags: ['tag'] }, () => undefined);
    await two.cache.getOrSet('key', () => 'old', { tags: ['tag'] });
    await two.cache.getOrSet('other', () => 'old', { tags: ['tag'] });
    expect(await two.cache.mget(['key', 'other'])).toEqual([undefined, undefined]);
    end();
    await long;
    await two.cache.getOrSet('key', () => 'new', { tags: ['tag'] });
    expect(await two.cache.get('key')).toBe('new');
  });

  it('is renewed while its work runs, and stands for a while after its process has died', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    let end!: () => void;
    const long = one.cache.mutate({ keys: ['key'] }, () => new Promise<void>((resolve) => (end = resolve)));
    for (let seconds = 0; seconds < 40; seconds++) await processes.pass(1_000);
    await two.cache.set('key', 'old');
    expect(await two.cache.get('key')).toBeUndefined();
    end();
    await long;

    await processes.store.coherence.bar({ keys: ['dead'], tags: [] }, 10_000);
    await two.cache.set('dead', 'old');
    expect(await two.cache.get('dead')).toBeUndefined();
    await processes.pass(10_000);
    await two.cache.set('dead', 'new');
    expect(await two.cache.get('dead')).toBe('new');
  });

  it('needs targets and work', async () => {
    const { cache } = new Processes().start();
    for (const wrong of [{}, { keys: [] }, { keys: 'key' }, { tags: [''] }, { key: ['a'] }, undefined]) {
      expect(await failureOf(cache.mutate(wrong as never, () => 1))).toBeInstanceOf(InvalidOptionsError);
    }
    expect(await failureOf(cache.mutate({ keys: ['a'] }, 'work' as never))).toBeInstanceOf(
      InvalidOptionsError,
    );
  });
});
