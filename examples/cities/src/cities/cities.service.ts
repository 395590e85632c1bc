import { Injectable, NotFoundException } from '@nestjs/common';
import { Cacheable, CacheEvict, InjectCache, NamedCache, ResponseCache } from 'nestjs-redis-cache';
import { cityKey, cityTag, countryTag, WORLD } from '../keys.js';
import { CitiesRepository } from './cities.repository.js';
import type { City } from './city.js';
import { searchByPrefix } from './name-search.js';
import { nearestCities, type NearbyCity } from './nearest-cities.js';

@Injectable()
export class CitiesService {
  constructor(
    private readonly cities: CitiesRepository,
    @InjectCache('cities') private readonly cache: NamedCache,
    private readonly responses: ResponseCache,
  ) {}

  /**
   * Nobody else needs the key of a search, so it is left to the decorator: class, method and arguments. Which countries it
   * depends on only the result tells.
   */
  @Cacheable({ cache: 'searches', resultTags: (found: NearbyCity[]) => countryTagsOf(found) })
  async nearest(lat: number, lon: number, limit: number): Promise<NearbyCity[]> {
    return nearestCities(await this.cities.all(), { lat, lon }, limit);
  }

  /** The most populous come first, so a city that is not among them may be tomorrow: tags of the result would miss it. */
  @Cacheable({ cache: 'searches', tags: [WORLD] })
  async search(prefix: string, limit: number): Promise<City[]> {
    return searchByPrefix(await this.cities.all(), prefix, limit);
  }

  /** A city is evicted by its key, so the key stands in the catalogue. */
  @Cacheable({ cache: 'cities', key: cityKey })
  async find(id: number): Promise<City | undefined> {
    return this.cities.find(id);
  }

  /** @throws NotFoundException when there is no such city */
  async get(id: number): Promise<City> {
    const city = await this.find(id);
    if (city === undefined) throw new NotFoundException(`There is no city ${id}.`);
    return city;
  }

  /** Whether the memory of this process has a city: asks no Redis. */
  remembers(id: number): boolean {
    return this.cache.peek(cityKey(id)) !== undefined;
  }

  /** Whatever shows the population is evicted, however many entries that are; other countries stay cached. */
  @CacheEvict({ cache: 'cities', key: (city: City) => cityKey(city.id) })
  @CacheEvict({ cache: 'searches', tags: (city: City) => [countryTag(city.country), WORLD] })
  @CacheEvict({ cache: 'countries', tags: (city: City) => [countryTag(city.country), WORLD] })
  async correctPopulation(city: City, population: number): Promise<City> {
    await this.cities.correctPopulation(city.id, population);
    // The pages that show this city, in whatever cache they are.
    await this.responses.invalidateTags(cityTag(city.id));
    return { ...city, population };
  }
}

function countryTagsOf(cities: readonly City[]): string[] {
  return [...new Set(cities.map(({ country }) => countryTag(country)))];
}
