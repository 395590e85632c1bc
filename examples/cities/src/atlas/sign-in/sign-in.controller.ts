import { promisify } from 'node:util';
import { Body, Controller, Get, Post, Query, Req, Res, Session, UseGuards } from '@nestjs/common';
import { SessionService } from 'nestjs-redis-cache';
import { TextPipe } from '../../validation/text.pipe.js';
import { noticeOf } from '../pages/notices.js';
import { Page } from '../pages/page.decorator.js';
import { seeOther, type Reply } from '../pages/reply.js';
import { SameOriginGuard } from '../same-origin.guard.js';
import { SessionGuard } from '../session.guard.js';
import type { SessionRequest, VisitorSession } from '../visitor-session.js';
import { Accounts } from './accounts.js';
import { signInPage } from './sign-in-page.js';

const THIRTY_DAYS = 30 * 24 * 60 * 60 * 1000;
const typed = new TextPipe({ min: 1, max: 100 });

@Controller('atlas')
@UseGuards(SameOriginGuard, SessionGuard)
export class SignInController {
  constructor(
    private readonly accounts: Accounts,
    private readonly sessions: SessionService,
  ) {}

  @Get('sign-in')
  @Page()
  form(@Session() { user }: VisitorSession, @Query('done') done: unknown): string {
    return signInPage({ user, name: '', failed: false, notice: noticeOf(done) });
  }

  /**
   * The session gets a new id, so that one that somebody else knew before is worth nothing after; what it held stays. Begun before
   * the password is looked at: whoever is signed out everywhere in between, since his password was stolen, is not let in again.
   */
  @Post('sign-in')
  @Page()
  async signIn(
    @Req() request: SessionRequest,
    @Body('name', typed) name: string,
    @Body('password', typed) password: string,
    @Body('remember') remember: unknown,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<string> {
    const attempt = await this.sessions.beginLogin(name);
    if (!(await this.accounts.verify(name, password))) {
      reply.status(401);
      return signInPage({ user: request.session.user, name, failed: true, notice: undefined });
    }
    await this.sessions.login(request, { user: name }, attempt);
    if (remember === 'yes') request.session.cookie.maxAge = THIRTY_DAYS;
    return seeOther(reply, '/atlas?done=signed-in');
  }

  /** The session ends in Redis, with all that it held: whoever has a copy of the cookie has nothing. */
  @Post('sign-out')
  async signOut(
    @Req() { session }: SessionRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<string> {
    await promisify(session.destroy.bind(session))();
    return seeOther(reply, '/atlas/sign-in?done=signed-out');
  }
}
