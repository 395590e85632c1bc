import { Controller, Get, Param, Post } from '@nestjs/common';
import { InjectCache, NamedCache } from 'nestjs-redis-cache';
import { CitiesService } from '../cities/cities.service.js';
import { cityIdPipe } from '../cities/city-id.pipe.js';
import { visitsKey } from '../keys.js';

interface Visits {
  readonly visits: number;
}

@Controller('cities/:id/visits')
export class VisitsController {
  constructor(
    private readonly cities: CitiesService,
    @InjectCache('visits') private readonly cache: NamedCache,
  ) {}

  /** Adds in one atomic step: no visit is lost between processes that share a Redis. */
  @Post()
  async add(@Param('id', cityIdPipe) id: number): Promise<Visits> {
    const city = await this.cities.get(id);
    return { visits: await this.cache.incr(visitsKey(city.id), 1, { initial: 0 }) };
  }

  @Get()
  async count(@Param('id', cityIdPipe) id: number): Promise<Visits> {
    const city = await this.cities.get(id);
    return { visits: (await this.cache.get(visitsKey(city.id))) ?? 0 };
  }
}
