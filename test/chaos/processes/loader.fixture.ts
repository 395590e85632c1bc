// A process whose callers all ask a cache for one key when it is told to. It says what it loads, and what they were given.
import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { CacheRegistry, RedisCacheModule } from 'nestjs-redis-cache';

/** What the test tells this process. */
type Order =
  { readonly cache: string; readonly key: string; readonly callers: number; readonly takes: number } | 'end';

const [connection = ''] = process.argv.slice(2);

const app = await NestFactory.createApplicationContext(
  RedisCacheModule.forRoot({ connection, caches: { plain: {}, tiered: { memory: {} } } }),
  { logger: false },
);
const say = (message: object): void => void process.send?.(message);

async function ask({ cache, key, callers, takes }: Exclude<Order, 'end'>): Promise<void> {
  const asked = app.get(CacheRegistry).get(cache);
  const load = async (): Promise<number> => {
    say({ cache, loads: key });
    await sleep(takes);
    return process.pid;
  };
  const given = await Promise.all(Array.from({ length: callers }, () => asked.getOrSet(key, load)));
  say({ cache, key, given });
}

process.on('message', (order: Order) => {
  if (order !== 'end') void ask(order);
  else void app.close().then(() => process.disconnect());
});
// So that a test which fails leaves no process behind.
process.on('disconnect', () => process.exit());
say({ ready: true });
