import { once } from 'node:events';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CacheRegistry, RedisCacheModule, type CacheEvent } from '../../../src/index.js';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EVENT_CHANNEL } from '../../../src/event/reporter.js';
import { spawnTypeScript } from '../../support/child-process.js';
import { eventually } from '../../support/eventually.js';
import { startRedis } from '../../support/redis-server.js';

interface Written {
  round: number;
  index: number;
  text: string;
}

describe('a process that is killed while it writes', () => {
  it('leaves whole entries, counters that expire, and a cache that others go on with', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const app = await NestFactory.createApplicationContext(
      RedisCacheModule.forRoot({ connection: redis.url, caches: { counters: {} } }),
      {
        logger: false,
      },
    );
    onTestFinished(() => app.close());
    const events: CacheEvent[] = [];
    const hear = (event: unknown): void => void events.push(event as CacheEvent);
    subscribe(EVENT_CHANNEL, hear);
    onTestFinished(() => void unsubscribe(EVENT_CHANNEL, hear));
    const cache = app.get(CacheRegistry).get();
    const counter = app.get(CacheRegistry).get('counters');

    for (let life = 0; life < 3; life++) {
      const writer = spawnTypeScript(new URL('./writer.fixture.ts', import.meta.url), [redis.url]);
      await once(writer.stdout, 'data');
      const before = (await counter.get<number>('n')) ?? 0;
      // In the middle of its work: others have seen it count.
      await eventually(async () => expect(await counter.get<number>('n')).toBeGreaterThan(before + 20));
      writer.kill('SIGKILL');
      await once(writer, 'exit');

      for await (const key of cache.keys()) {
        const entry = await cache.getEntry<Written>(key);
        if (entry === undefined) continue;
        expect(entry.value.text).toHaveLength(entry.value.round % 5_000);
        if (key.startsWith('key:')) expect(key).toBe(`key:${entry.value.index}`);
        expect(entry.ttl).toBeGreaterThan(0);
      }
      expect(await counter.remainingTtl('n')).toBeGreaterThan(0);
      await cache.set('mine', life);
      expect(await cache.get('mine')).toBe(life);
      await cache.clear();
      expect(await cache.get('mine')).toBeUndefined();
    }
    expect(events.filter(({ type }) => type === 'unreadable' || type === 'error')).toEqual([]);
    // Three processes are started one after the other, which takes its time on a busy machine.
  }, 90_000);
});
