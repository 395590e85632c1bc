import { Injectable, NotFoundException } from '@nestjs/common';
import { Cacheable, CacheEvict } from 'nestjs-redis-cache';
import { cityKey } from '../keys.js';
import { CitiesRepository } from './cities.repository.js';
import type { City } from './city.js';
import { searchByPrefix } from './name-search.js';
import { nearestCities, type NearbyCity } from './nearest-cities.js';

@Injectable()
export class CitiesService {
  constructor(private readonly cities: CitiesRepository) {}

  /** Nobody else needs the key of a search, so it is left to the decorator: class, method and arguments. */
  @Cacheable('searches')
  async nearest(lat: number, lon: number, limit: number): Promise<NearbyCity[]> {
    return nearestCities(await this.cities.all(), { lat, lon }, limit);
  }

  @Cacheable('searches')
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

  /** Whatever shows a population is evicted: the city itself, every search, and all statistics. */
  @CacheEvict({ cache: 'cities', key: cityKey })
  @CacheEvict({ cache: 'searches', all: true })
  @CacheEvict({ cache: 'countries', all: true })
  async correctPopulation(id: number, population: number): Promise<void> {
    await this.cities.correctPopulation(id, population);
  }
}
