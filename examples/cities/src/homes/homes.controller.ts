import {
  Body,
  Controller,
  createParamDecorator,
  Get,
  NotFoundException,
  Put,
  UseGuards,
  type ExecutionContext,
} from '@nestjs/common';
import {
  Cacheable,
  InjectCache,
  NamedCache,
  ResponseCacheContext,
  ResponseCacheCtx,
} from 'nestjs-redis-cache';
import { CitiesService } from '../cities/cities.service.js';
import { cityIdPipe } from '../cities/city-id.pipe.js';
import type { City } from '../cities/city.js';
import { cityTag, homeKey } from '../keys.js';
import { VisitorGuard, visitorOf } from './visitor.guard.js';

const Visitor = createParamDecorator((_, context: ExecutionContext) => visitorOf(context));

@Controller('my/city')
@UseGuards(VisitorGuard)
export class HomesController {
  constructor(
    private readonly cities: CitiesService,
    @InjectCache('homes') private readonly cache: NamedCache,
  ) {}

  /** A page of its own for each visitor. Which city it shows, only the handler knows; so it names the tag. */
  @Get()
  @Cacheable({ cache: 'homes', ttl: '10m', response: { varyByUser: visitorOf } })
  async mine(@Visitor() visitor: string, @ResponseCacheCtx() response: ResponseCacheContext): Promise<City> {
    const id = await this.cache.get(homeKey(visitor));
    if (id === undefined) throw new NotFoundException('You have named no city yet: PUT /my/city');
    response.tags(cityTag(id));
    return this.cities.get(id);
  }

  @Put()
  async move(@Visitor() visitor: string, @Body('city', cityIdPipe) id: number): Promise<City> {
    const city = await this.cities.get(id);
    await this.cache.set(homeKey(visitor), id);
    return city;
  }
}
