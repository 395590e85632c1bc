import { Module } from '@nestjs/common';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { AppController } from './app.controller.js';
import { AtlasModule } from './atlas/atlas.module.js';
import { sessionOptions } from './atlas/session-options.js';
import { CitiesModule } from './cities/cities.module.js';
import { CountriesModule } from './countries/countries.module.js';
import { HomesModule } from './homes/homes.module.js';
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
      useFactory: ({ redisUrl, sessionSecret }: Settings) => ({
        // Without a Redis caches live in memory, and there are no sessions.
        ...(redisUrl !== undefined && { connection: redisUrl, session: sessionOptions(sessionSecret) }),
        keyPrefix: 'cities-demo',
        http: {
          // curl -i shows what the response cache did.
          cacheStatus: true,
          policies: {
            // For everybody, signed in or not. Browsers and what stands in front may keep it for a minute, too.
            shared: {
              public: true,
              cacheControl: 'public, max-age=60',
              stale: { revalidate: '1m', error: '1d' },
            },
          },
        },
      }),
    }),
    SettingsModule,
    CitiesModule,
    CountriesModule,
    VisitsModule,
    HomesModule,
    StatsModule,
    AtlasModule,
  ],
  controllers: [AppController],
})
export class AppModule {}
