import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { CitiesModule } from '../cities/cities.module.js';
import { DevicesController } from './devices/devices.controller.js';
import { FavouritesController } from './favourites/favourites.controller.js';
import { PageErrorsFilter } from './page-errors.filter.js';
import { AssetsController } from './pages/assets.controller.js';
import { Accounts } from './sign-in/accounts.js';
import { SignInController } from './sign-in/sign-in.controller.js';

/** Pages for people, with a sign-in, on sessions. */
@Module({
  imports: [CitiesModule],
  controllers: [AssetsController, FavouritesController, SignInController, DevicesController],
  providers: [Accounts, { provide: APP_FILTER, useClass: PageErrorsFilter }],
})
export class AtlasModule {}
