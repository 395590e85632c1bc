import { Module } from '@nestjs/common';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { CitiesModule } from '../cities/cities.module.js';
import { CountriesController } from './countries.controller.js';
import { CountriesService } from './countries.service.js';

@Module({
  imports: [CitiesModule, RedisCacheModule.forFeature({ countries: { ttl: '1h' } })],
  controllers: [CountriesController],
  providers: [CountriesService],
})
export class CountriesModule {}
