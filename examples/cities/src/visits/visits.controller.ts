import { Controller, Get, Param, Post } from '@nestjs/common';
import { Cacheable, InjectCache, NamedCache } from 'nestjs-redis-cache';
import { CitiesService } from '../cities/cities.service.js';
import { cityIdPipe } from '../cities/city-id.pipe.js';
import { cityTag, visitsKey } from '../keys.js';

interface Visits {
  readonly city: string;
  readonly population: number;
  readonly visits: number;
}

@Controller('cities/:id/visits')
export class VisitsController {
  constructor(
    private readonly cities: CitiesService,
    @InjectCache('visits') private readonly cache: NamedCache,
  ) {}

  /**
   * Adds in one atomic step: no visit is lost between processes that share a Redis. A request that changes something drops
   * the cached page at its own URL, so the next GET shows the visit.
   */
  @Post()
  async add(@Param('id', cityIdPipe) id: number): Promise<Visits> {
    const { name, population } = await this.cities.get(id);
    return { city: name, population, visits: await this.cache.incr(visitsKey(id), 1, { initial: 0 }) };
  }

  /** The page shows the population too, so it has the tag of the city: `{id}` stands for the parameter of the path. */
  @Get()
  @Cacheable({ cache: 'visits', ttl: '10m', tags: [cityTag('{id}')] })
  async count(@Param('id', cityIdPipe) id: number): Promise<Visits> {
    const { name, population } = await this.cities.get(id);
    return { city: name, population, visits: (await this.cache.get(visitsKey(id))) ?? 0 };
  }
}
