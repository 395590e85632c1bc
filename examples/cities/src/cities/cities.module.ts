import { Module } from '@nestjs/common';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { SettingsModule } from '../settings.module.js';
import { CitiesController } from './cities.controller.js';
import { CitiesRepository } from './cities.repository.js';
import { CitiesService } from './cities.service.js';
import { PopulationCorrections } from './population-corrections.js';

@Module({
  imports: [
    SettingsModule,
    RedisCacheModule.forFeature({
      // Read often and changed seldom: with Redis, what was read is kept in the memory of each process too.
      cities: { ttl: '1h', memory: { max: 20_000 } },
      // Nearly every search is another one, so memory would not help. After ten minutes the old result is still given at
      // once, while one process searches anew.
      searches: { ttl: '10m', stale: { revalidate: '10m' } },
    }),
  ],
  controllers: [CitiesController],
  providers: [CitiesService, CitiesRepository, PopulationCorrections],
  exports: [CitiesService, CitiesRepository],
})
export class CitiesModule {}
