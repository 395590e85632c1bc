import { Controller, Get } from '@nestjs/common';
import { CacheRegistry, type CacheStats } from 'nestjs-redis-cache';

@Controller('stats')
export class StatsController {
  constructor(private readonly caches: CacheRegistry) {}

  /** What each cache did in this process since it started. */
  @Get()
  all(): Record<string, CacheStats> {
    return Object.fromEntries(this.caches.names().map((name) => [name, this.caches.get(name).stats()]));
  }
}
