import { Injectable } from '@nestjs/common';
import { InjectCache, NamedCache } from 'nestjs-redis-cache';
import { CitiesRepository } from '../cities/cities.repository.js';
import { countryKey } from '../keys.js';
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
    return this.cache.getOrSet(countryKey(code), async () => statisticsOf(await this.cities.all(), code));
  }
}
