import { Controller, Get, Headers, NotFoundException, Param, Query, Res } from '@nestjs/common';
import { Cacheable } from 'nestjs-redis-cache';
import { tellCacheStatus, type Reply } from '../cache-status.js';
import type { City } from '../cities/city.js';
import { WORLD } from '../keys.js';
import { CountryCodePipe } from '../validation/country-code.pipe.js';
import { NumberPipe } from '../validation/number.pipe.js';
import { CountriesService } from './countries.service.js';
import { countryName, type CountryName } from './country-name.js';
import type { CountryStatistics } from './country-statistics.js';

const limitPipe = new NumberPipe({ min: 1, max: 100, integer: true, byDefault: 10 });

@Controller('countries')
export class CountriesController {
  constructor(private readonly countries: CountriesService) {}

  /** On a route handler it is the response that is cached: on a hit this method does not run. */
  @Get()
  @Cacheable({ cache: 'countries', ttl: '10m', tags: [WORLD], response: { policy: 'shared' } })
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

  /** Its own headers say how long it may be kept, and that it depends on the language: the response cache does as they say. */
  @Get(':code/name')
  @Cacheable({ cache: 'countries', response: { respectHeaders: true } })
  name(
    @Param('code', CountryCodePipe) code: string,
    @Headers('accept-language') accepted: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): CountryName {
    const found = countryName(code, accepted);
    if (found === undefined) throw new NotFoundException(`There is no country ${code}.`);
    reply.header('Cache-Control', 'public, max-age=3600');
    reply.header('Vary', 'Accept-Language');
    reply.header('Content-Language', found.language);
    return found;
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
