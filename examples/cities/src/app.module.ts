import { Module } from '@nestjs/common';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { AppController } from './app.controller.js';
import { CitiesModule } from './cities/cities.module.js';
import { CountriesModule } from './countries/countries.module.js';
import { Settings } from './settings.js';
import { SettingsModule } from './settings.module.js';
import { StatsModule } from './stats/stats.module.js';
import { VisitsModule } from './visits/visits.module.js';

@Module({
  imports: [
    // First, so that caches outlive whatever uses them while the application shuts down.
    RedisCacheModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: ({ redisUrl }: Settings) => ({
        ...(redisUrl === undefined ? {} : { connection: redisUrl }),
        keyPrefix: 'cities-demo',
      }),
    }),
    SettingsModule,
    CitiesModule,
    CountriesModule,
    VisitsModule,
    StatsModule,
  ],
  controllers: [AppController],
})
export class AppModule {}
