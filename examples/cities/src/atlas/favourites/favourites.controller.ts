import { Body, Controller, Get, Post, Query, Res, Session, UseGuards } from '@nestjs/common';
import { cityIdPipe } from '../../cities/city-id.pipe.js';
import { CitiesRepository } from '../../cities/cities.repository.js';
import { CitiesService } from '../../cities/cities.service.js';
import { Page } from '../pages/page.decorator.js';
import { seeOther, type Reply } from '../pages/reply.js';
import { SameOriginGuard } from '../same-origin.guard.js';
import { SessionGuard } from '../session.guard.js';
import { TextPipe } from '../../validation/text.pipe.js';
import type { VisitorSession } from '../visitor-session.js';
import { favouritesPage } from './favourites-page.js';
import { addFavourite, favouritesOf, removeFavourite } from './favourites.js';
import { noticeOf } from '../pages/notices.js';

const SHOWN = 8;
const queryPipe = new TextPipe({ min: 0, max: 60 });

@Controller('atlas')
@UseGuards(SameOriginGuard, SessionGuard)
export class FavouritesController {
  constructor(
    private readonly cities: CitiesService,
    private readonly repository: CitiesRepository,
  ) {}

  @Get()
  @Page()
  async show(
    @Session() session: VisitorSession,
    @Query('q', queryPipe) query: string,
    @Query('done') done: unknown,
  ): Promise<string> {
    const [found, favourites] = await Promise.all([
      this.cities.search(query, SHOWN),
      Promise.all(favouritesOf(session).map((id) => this.cities.get(id))),
    ]);
    const { count } = this.repository;
    return favouritesPage({ count, query, found, favourites, session, notice: noticeOf(done) });
  }

  @Post('favourites/add')
  async add(
    @Session() session: VisitorSession,
    @Body('city', cityIdPipe) id: number,
    @Body('q', queryPipe) query: string,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<string> {
    await this.cities.get(id);
    addFavourite(session, id);
    return seeOther(reply, pathOf(query));
  }

  @Post('favourites/remove')
  remove(
    @Session() session: VisitorSession,
    @Body('city', cityIdPipe) id: number,
    @Body('q', queryPipe) query: string,
    @Res({ passthrough: true }) reply: Reply,
  ): string {
    removeFavourite(session, id);
    return seeOther(reply, pathOf(query));
  }
}

function pathOf(query: string): string {
  return query === '' ? '/atlas' : `/atlas?q=${encodeURIComponent(query)}`;
}
