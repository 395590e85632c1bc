import { Module } from '@nestjs/common';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { CitiesModule } from '../cities/cities.module.js';
import { CountriesController } from './countries.controller.js';
import { CountriesService } from './countries.service.js';

@Module({
  imports: [
    CitiesModule,
    RedisCacheModule.forFeature({
      countries: {
        ttl: '1h',
        memory: { max: 1_000 },
        // Statistics that are a bit old are better than none when the database is slow or away.
        stale: { error: '1d' },
        timeout: { soft: '500ms', hard: '10s' },
      },
    }),
  ],
  controllers: [CountriesController],
  providers: [CountriesService],
})
export class CountriesModule {}
