import {
  Body,
  Controller,
  Get,
  NotFoundException,
  Post,
  Query,
  Req,
  Res,
  Session,
  UseGuards,
} from '@nestjs/common';
import { SessionService } from 'nestjs-redis-cache';
import { TextPipe } from '../../validation/text.pipe.js';
import { noticeOf } from '../pages/notices.js';
import { Page } from '../pages/page.decorator.js';
import { seeOther, type Reply } from '../pages/reply.js';
import { SameOriginGuard } from '../same-origin.guard.js';
import { SessionGuard } from '../session.guard.js';
import { SignedInGuard } from '../sign-in/signed-in.guard.js';
import type { SessionRequest, SignedInSession } from '../visitor-session.js';
import { devicesPage, type Device } from './devices-page.js';

@Controller('atlas/devices')
@UseGuards(SameOriginGuard, SessionGuard, SignedInGuard)
export class DevicesController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  @Page()
  async show(
    @Req() request: SessionRequest,
    @Session() { user }: SignedInSession,
    @Query('done') done: unknown,
  ): Promise<string> {
    const devices = await this.devicesOf(user, this.sessions.handleOf(request));
    return devicesPage({ user, devices, notice: noticeOf(done) });
  }

  /** Only one of one's own: a handle of somebody else's session does nothing. */
  @Post('end')
  async endOne(
    @Session() { user }: SignedInSession,
    @Body('handle', new TextPipe({ min: 1, max: 100 })) handle: string,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<string> {
    const own = await this.sessions.list(user);
    if (!own.some((one) => one.handle === handle)) throw new NotFoundException();
    await this.sessions.destroy(handle);
    return seeOther(reply, '/atlas/devices?done=one-device');
  }

  @Post('end-others')
  async endOthers(
    @Req() request: SessionRequest,
    @Session() { user }: SignedInSession,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<string> {
    await this.sessions.destroyAll(user, { except: this.sessions.handleOf(request) });
    return seeOther(reply, '/atlas/devices?done=other-devices');
  }

  @Post('end-all')
  async endAll(
    @Session() { user }: SignedInSession,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<string> {
    await this.sessions.destroyAll(user);
    return seeOther(reply, '/atlas/sign-in?done=all-devices');
  }

  private async devicesOf(user: string, own: string | undefined): Promise<Device[]> {
    const sessions = await this.sessions.list(user);
    return sessions
      .map(({ handle, device, createdAt, lastSeenAt }) => ({
        handle,
        userAgent: device?.userAgent,
        own: handle === own,
        since: createdAt,
        lastSeen: lastSeenAt,
      }))
      .toSorted((a, b) => Number(b.own) - Number(a.own) || b.lastSeen - a.lastSeen);
  }
}
