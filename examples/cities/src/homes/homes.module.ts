import { Module } from '@nestjs/common';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { CitiesModule } from '../cities/cities.module.js';
import { HomesController } from './homes.controller.js';

@Module({
  imports: [CitiesModule, RedisCacheModule.forFeature({ homes: { ttl: '30d' } })],
  controllers: [HomesController],
})
export class HomesModule {}
