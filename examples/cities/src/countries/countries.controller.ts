import { Controller, Get, NotFoundException, Param } from '@nestjs/common';
import { Cacheable } from 'nestjs-redis-cache';
import { CountryCodePipe } from '../validation/country-code.pipe.js';
import { CountriesService } from './countries.service.js';
import type { CountryStatistics } from './country-statistics.js';

@Controller('countries')
export class CountriesController {
  constructor(private readonly countries: CountriesService) {}

  /** On a route handler it is the response that is cached: on a hit this method does not run. */
  @Get()
  @Cacheable({ cache: 'countries', ttl: '10m' })
  all(): Promise<CountryStatistics[]> {
    return this.countries.all();
  }

  @Get(':code')
  async find(@Param('code', CountryCodePipe) code: string): Promise<CountryStatistics> {
    const statistics = await this.countries.find(code);
    if (statistics === undefined) throw new NotFoundException(`There are no cities in ${code}.`);
    return statistics;
  }
}
