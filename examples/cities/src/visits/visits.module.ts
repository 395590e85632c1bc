import { Module } from '@nestjs/common';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { CitiesModule } from '../cities/cities.module.js';
import { VisitsController } from './visits.controller.js';

@Module({
  imports: [CitiesModule, RedisCacheModule.forFeature({ visits: { ttl: '1d' } })],
  controllers: [VisitsController],
})
export class VisitsModule {}
