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
      cities: { ttl: '1h' },
      searches: { ttl: '10m' },
    }),
  ],
  controllers: [CitiesController],
  providers: [CitiesService, CitiesRepository, PopulationCorrections],
  exports: [CitiesService, CitiesRepository],
})
export class CitiesModule {}
