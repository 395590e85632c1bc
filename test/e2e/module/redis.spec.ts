import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createClient, type RedisClientType } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  CacheRegistry,
  getRedisToken,
  InjectRedis,
  RedisCacheModule,
  RedisUnavailableError,
  type RedisCacheModuleOptions,
} from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

@Injectable()
class Raw {
  constructor(@InjectRedis() readonly client: RedisClientType) {}
}

@Module({ providers: [Raw] })
class RawModule {}

describe('RedisCacheModule on Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  let app: INestApplicationContext | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });
  const start = async (
    options: RedisCacheModuleOptions,
    ...more: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>
  ): Promise<INestApplicationContext> => {
    const module = await Test.createTestingModule({
      imports: [RedisCacheModule.forRoot(options), ...more],
    }).compile();
    app = await module.init();
    return app;
  };

  it('is connected when the start is done, so that the first write is kept', async () => {
    const one = await start({ connection: redis.url, keyPrefix: 'first' });
    const cache = one.get(CacheRegistry).get();
    expect(await cache.add('k', 1)).toBe(true);
    expect(await cache.get('k')).toBe(1);
  });

  it('injects a client with its own default replies over the shared connection', async () => {
    const one = await start({ connection: redis.url, keyPrefix: 'client' }, RawModule);
    const { client } = one.get(Raw, { strict: false });
    expect(client).toBe(one.get(getRedisToken()));
    await client.set('mine', 'text');
    expect(await client.get('mine')).toBe('text');
    await one.get(CacheRegistry).get().set('k', 'v');
    expect(await client.exists('client:default:v:{k}')).toBe(1);
  });

  it('gives a client of its own for subscriptions', async () => {
    const one = await start({ connection: redis.url });
    const subscriber = one.get(CacheRegistry).duplicateConnection();
    await subscriber.connect();
    const heard: string[] = [];
    await subscriber.subscribe('news', (message) => heard.push(message));
    await one.get<RedisClientType>(getRedisToken()).publish('news', 'hello');
    await eventually(() => expect(heard).toEqual(['hello']));
    subscriber.destroy();
  });

  it('shares one client among the caches of a connection, each with its own options', async () => {
    const one = await start({
      connection: { url: redis.url, clientName: 'shared' },
      keyPrefix: 'shared',
      caches: { short: { ttl: '1s' }, long: { ttl: '1h' }, strict: { onError: 'throw' } },
    });
    const caches = one.get(CacheRegistry);
    await caches.get('short').set('k', 1);
    await caches.get('long').set('k', 2);
    expect(await caches.get('short').remainingTtl('k')).toBeLessThanOrEqual(1_000);
    expect(await caches.get('long').remainingTtl('k')).toBeGreaterThan(1_000_000);
    const clients = await one.get<RedisClientType>(getRedisToken()).clientList();
    expect(clients.filter(({ name }) => name === 'shared')).toHaveLength(1);
  });

  it('leaves a borrowed client open, and takes its listeners off', async () => {
    const client: RedisClientType = createClient({ url: redis.url });
    client.on('error', () => undefined);
    await client.connect();
    const listeners = client.eventNames().map((name) => [name, client.listenerCount(name)]);
    const one = await start({ connection: { client }, keyPrefix: 'borrowed' });
    await one.get(CacheRegistry).get().set('k', 1);
    await one.close();
    app = undefined;
    expect(await client.get('borrowed:default:v:{k}')).toMatch(/^~2/);
    expect(client.eventNames().map((name) => [name, client.listenerCount(name)])).toEqual(listeners);
    client.destroy();
  });

  it('starts while Redis is down, serves by its policy, and heals without a restart', async () => {
    const other = await startRedis();
    await other.kill();
    const one = await start({ connection: other.url, caches: { strict: { onError: 'throw' } } });
    const [cache, strict] = [one.get(CacheRegistry).get(), one.get(CacheRegistry).get('strict')];
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded');
    await expect(strict.get('k')).rejects.toThrow(RedisUnavailableError);
    await other.restart();
    await eventually(async () => {
      await cache.set('k', 'kept');
      expect(await cache.get('k')).toBe('kept');
    });
    expect(await strict.get('k')).toBeUndefined();
    await one.close();
    app = undefined;
    await other.stop();
  });

  it('does not start while Redis is down when it is required', async () => {
    const other = await startRedis({ password: 'right' });
    const connection = {
      url: `redis://127.0.0.1:${other.port}`,
      password: 'wrong',
      connect: 'required',
    } as const;
    await expect(start({ connection })).rejects.toThrow(RedisUnavailableError);
    await expect(start({ connection })).rejects.toThrow(expect.not.stringContaining('wrong') as never);
    await other.stop();
  });

  it('answers by the policy after the application was closed', async () => {
    const one = await start({ connection: redis.url, caches: { strict: { onError: 'throw' } } });
    const [cache, strict] = [one.get(CacheRegistry).get(), one.get(CacheRegistry).get('strict')];
    await one.close();
    app = undefined;
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.set('k', 1)).toBe(1);
    await expect(strict.set('k', 1)).rejects.toThrow(RedisUnavailableError);
  });
});
