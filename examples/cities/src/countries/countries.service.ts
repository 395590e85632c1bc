import { Injectable } from '@nestjs/common';
import { Cacheable, InjectCache, NamedCache } from 'nestjs-redis-cache';
import { CitiesRepository } from '../cities/cities.repository.js';
import type { City } from '../cities/city.js';
import { countryKey, countryTag } from '../keys.js';
import { statisticsOf, statisticsOfAll, type CountryStatistics } from './country-statistics.js';

@Injectable()
export class CountriesService {
  constructor(
    private readonly cities: CitiesRepository,
    @InjectCache('countries') private readonly cache: NamedCache,
  ) {}

  /** Not cached here: the controller caches the whole response. */
  async all(): Promise<CountryStatistics[]> {
    return statisticsOfAll(await this.cities.all());
  }

  /** The same as `@Cacheable` would do, by hand. A country without cities is not kept, since `undefined` never is. */
  async find(code: string): Promise<CountryStatistics | undefined> {
    const load = async (): Promise<CountryStatistics | undefined> =>
      statisticsOf(await this.cities.all(), code);
    return this.cache.getOrSet(countryKey(code), load, { tags: countryKey.tags(code) });
  }

  /** Whether the memory of this process has the statistics of a country: asks no Redis. */
  remembers(code: string): boolean {
    return this.cache.peek(countryKey(code)) !== undefined;
  }

  /** The most populous cities of a country. Each limit has an entry of its own; their tag reaches all of them. */
  @Cacheable({ cache: 'countries', tags: (code: string) => [countryTag(code)] })
  async largest(code: string, limit: number): Promise<City[]> {
    const own = (await this.cities.all()).filter((city) => city.country === code && !city.district);
    return own.toSorted((a, b) => b.population - a.population).slice(0, limit);
  }
}
