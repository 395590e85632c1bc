// A process that writes, counts, adds and clears without an end, as one that will be killed in the middle of it.
import { NestFactory } from '@nestjs/core';
import { CacheRegistry, RedisCacheModule } from 'nestjs-redis-cache';

const [connection = ''] = process.argv.slice(2);

const app = await NestFactory.createApplicationContext(
  RedisCacheModule.forRoot({ connection, caches: { counters: {} } }),
  {
    logger: false,
  },
);
const cache = app.get(CacheRegistry).get();
const counter = app.get(CacheRegistry).get('counters');
console.log('writing');
for (let round = 0; ; round++) {
  const text = 'x'.repeat(round % 5_000);
  await Promise.all([
    cache.mset(
      Array.from({ length: 50 }, (_, index) => ({ key: `key:${index}`, value: { round, index, text } })),
    ),
    cache.add(`added:${round % 10}`, { round, index: -1, text }, '1m'),
    counter.incr('n', 1, { initial: 0, ttl: '1m' }),
    round % 7 === 0 ? cache.clear() : undefined,
    round % 3 === 0 ? cache.del('key:1') : undefined,
  ]);
}
