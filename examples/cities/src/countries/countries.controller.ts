import { Controller, Get, NotFoundException, Param, Query, Res } from '@nestjs/common';
import { Cacheable } from 'nestjs-redis-cache';
import { tellCacheStatus, type Reply } from '../cache-status.js';
import type { City } from '../cities/city.js';
import { WORLD } from '../keys.js';
import { CountryCodePipe } from '../validation/country-code.pipe.js';
import { NumberPipe } from '../validation/number.pipe.js';
import { CountriesService } from './countries.service.js';
import type { CountryStatistics } from './country-statistics.js';

const limitPipe = new NumberPipe({ min: 1, max: 100, integer: true, byDefault: 10 });

@Controller('countries')
export class CountriesController {
  constructor(private readonly countries: CountriesService) {}

  /** On a route handler it is the response that is cached: on a hit this method does not run. */
  @Get()
  @Cacheable({ cache: 'countries', ttl: '10m', tags: [WORLD] })
  all(): Promise<CountryStatistics[]> {
    return this.countries.all();
  }

  @Get(':code')
  async find(
    @Param('code', CountryCodePipe) code: string,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<CountryStatistics> {
    tellCacheStatus(reply, this.countries.remembers(code));
    const statistics = await this.countries.find(code);
    if (statistics === undefined) throw new NotFoundException(`There are no cities in ${code}.`);
    return statistics;
  }

  @Get(':code/cities')
  async largest(
    @Param('code', CountryCodePipe) code: string,
    @Query('limit', limitPipe) limit: number,
  ): Promise<City[]> {
    const cities = await this.countries.largest(code, limit);
    if (cities.length === 0) throw new NotFoundException(`There are no cities in ${code}.`);
    return cities;
  }
}
