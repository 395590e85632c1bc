import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, startRedis, type RedisServer } from '../../support/redis-server.js';
import { BuiltCities } from './built-cities.js';

const MEMORY_MODULES = ['cities/cities.module.js', 'countries/countries.module.js'];

describe('two copies of the cities on one Redis', { timeout: 120_000 }, () => {
  let built: BuiltCities;
  let redis: RedisServer;

  beforeAll(async () => {
    [built, redis] = await Promise.all([BuiltCities.build(), startRedis()]);
  }, 120_000);

  afterAll(async () => {
    await redis.stop();
    await built.remove();
  });

  it('stay coherent, answer from memory, and end by themselves', async () => {
    const { code, output } = await built.runTwo({ REDIS_URL: redis.url });
    expect(output).toContain('No old value was shown for longer than the 1000 ms that are guaranteed.');
    const shares = [...output.matchAll(/([\d.]+) %/g)].map(([, share]) => Number(share));
    expect(shares).toHaveLength(2);
    for (const share of shares) expect(share).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  it('end with 1 when each of them keeps a memory that is told of nothing', async () => {
    const folder = built.variant(MEMORY_MODULES, 'memory: {', "store: 'memory', memory: {");
    const { code, output } = await built.runTwo({ REDIS_URL: redis.url }, folder);
    expect(output).toContain('The second went on showing an old value for more than 1000 ms.');
    expect(code).toBe(1);
  });

  it('end with 1 when Redis is out of reach, since nothing is kept in memory then', async () => {
    const { code, output } = await built.runTwo({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
    expect(output).toContain('The second did not keep in memory what it had read. Does Redis answer?');
    expect(code).toBe(1);
  });

  it('need a Redis', async () => {
    const { code, output } = await built.runTwo({ REDIS_URL: '' });
    expect(output).toContain('This needs a Redis');
    expect(code).toBe(1);
  });
});
