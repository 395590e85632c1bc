import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cacheable, CacheRegistry, RedisCacheModule } from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

class Price {
  readonly amount: number;

  constructor(amount: number) {
    this.amount = amount;
  }

  get label(): string {
    return `${this.amount} EUR`;
  }
}

class Unlisted extends Price {}

@Injectable()
class Prices {
  runs = 0;

  @Cacheable({ cache: 'prices', type: Price })
  async of(id: number): Promise<{ prices: Price[] }> {
    this.runs += 1;
    return { prices: [new Price(id)] };
  }

  @Cacheable('prices')
  async unlisted(id: number): Promise<Unlisted> {
    this.runs += 1;
    return new Unlisted(id);
  }
}

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe.each(['memory', 'redis'])('a cached method that returns instances, on %s', (place) => {
  const connection = () => (place === 'redis' ? { connection: redis.url } : {});

  it('gives instances of the class that `type` names, and caches no others', async () => {
    const testing = await Test.createTestingModule({
      imports: [RedisCacheModule.forRoot({ ...connection(), caches: { prices: {} } })],
      providers: [Prices],
    }).compile();
    await testing.init();
    const prices = testing.get(Prices);
    await prices.of(1);
    const second = await prices.of(1);
    expect(second.prices[0]).toBeInstanceOf(Price);
    expect(second.prices[0]?.label).toBe('1 EUR');
    expect(prices.runs).toBe(1);
    const direct = await testing.get(CacheRegistry).get('prices').get<{ prices: Price[] }>('Prices.of(1)');
    expect(direct?.prices[0]).toBeInstanceOf(Price);
    await prices.unlisted(2);
    expect(await prices.unlisted(2)).toBeInstanceOf(Unlisted);
    expect(prices.runs).toBe(3);
    await testing.close();
  });
});
