import { Body, Controller, Get, Param, Put, Query, Res } from '@nestjs/common';
import { tellCacheStatus, type Reply } from '../cache-status.js';
import { NumberPipe } from '../validation/number.pipe.js';
import { TextPipe } from '../validation/text.pipe.js';
import { cityIdPipe } from './city-id.pipe.js';
import { CitiesService } from './cities.service.js';
import type { City } from './city.js';
import type { NearbyCity } from './nearest-cities.js';

const limitPipe = new NumberPipe({ min: 1, max: 100, integer: true, byDefault: 5 });

@Controller('cities')
export class CitiesController {
  constructor(private readonly cities: CitiesService) {}

  @Get('nearest')
  nearest(
    @Query('lat', new NumberPipe({ min: -90, max: 90 })) lat: number,
    @Query('lon', new NumberPipe({ min: -180, max: 180 })) lon: number,
    @Query('limit', limitPipe) limit: number,
  ): Promise<NearbyCity[]> {
    return this.cities.nearest(lat, lon, limit);
  }

  @Get('search')
  search(
    @Query('prefix', new TextPipe({ min: 2, max: 60 })) prefix: string,
    @Query('limit', limitPipe) limit: number,
  ): Promise<City[]> {
    return this.cities.search(prefix, limit);
  }

  @Get(':id')
  find(@Param('id', cityIdPipe) id: number, @Res({ passthrough: true }) reply: Reply): Promise<City> {
    tellCacheStatus(reply, this.cities.remembers(id));
    return this.cities.get(id);
  }

  @Put(':id/population')
  async correctPopulation(
    @Param('id', cityIdPipe) id: number,
    @Body('population', new NumberPipe({ min: 0, max: 100_000_000, integer: true })) population: number,
  ): Promise<City> {
    return this.cities.correctPopulation(await this.cities.get(id), population);
  }
}
