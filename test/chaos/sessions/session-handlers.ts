import { Controller, Get, Param, Query, Req, type Type } from '@nestjs/common';
import type { SessionFields } from '../../../src/session/record/session-record.js';
import type { SessionService } from '../../../src/session/session.service.js';
import { done, type AnyRequest } from '../../e2e/session/session-routes.js';
import type { Gates } from './gates.js';

/**
 * Routes that do one thing each with the session. With `?hold=<gate>` they have their session, and wait at that gate before they
 * do it.
 */
export function sessionHandlers(gates: Gates, service: () => SessionService): Type {
  @Controller()
  class SessionHandlers {
    @Get('show')
    async show(@Req() request: AnyRequest, @Query('hold') hold?: string) {
      const { session } = request;
      await gates.pass(hold);
      return { ...session, cookie: undefined };
    }

    @Get('set/:field')
    async set(@Req() request: AnyRequest, @Param('field') field: string, @Query('hold') hold?: string) {
      const { session } = request;
      await gates.pass(hold);
      session[field] = request.query['value'] ?? 'set';
      return { set: field };
    }

    /** Stores a text of a letter, as long as asked for. */
    @Get('fill/:letter/:length')
    async fill(@Req() request: AnyRequest, @Param() filled: Record<string, string>) {
      const { letter = '', length } = filled;
      await gates.pass(request.query['hold']);
      for (const field of ['one', 'other']) request.session[field] = letter.repeat(Number(length));
    }

    @Get('remove/:field')
    async remove(@Req() request: AnyRequest, @Param('field') field: string, @Query('hold') hold?: string) {
      const { session } = request;
      await gates.pass(hold);
      Reflect.deleteProperty(session, field);
    }

    @Get('logout')
    async logout(@Req() request: AnyRequest, @Query('hold') hold?: string) {
      const { session } = request;
      await gates.pass(hold);
      await done((callback) => session.destroy(callback));
    }

    @Get('regenerate')
    async regenerate(@Req() request: AnyRequest, @Query('hold') hold?: string) {
      const { session } = request;
      await gates.pass(hold);
      await done((callback) => session.regenerate(callback));
      request.session['renewed'] = true;
    }

    @Get('rotate')
    async rotate(@Req() request: AnyRequest, @Query('hold') hold?: string) {
      await gates.pass(hold);
      await service().rotate(request, { grace: request.query['grace'] ?? 0 });
      goOn(request);
    }

    @Get('login/:user')
    async login(@Req() request: AnyRequest, @Param('user') user: string, @Query('hold') hold?: string) {
      await gates.pass(hold);
      const fields: SessionFields = { user };
      await service().login(request, fields);
      goOn(request);
    }

    @Get('end/:user')
    async endAll(@Param('user') user: string) {
      return { ended: await service().destroyAll(user) };
    }
  }
  return SessionHandlers;
}

/** Changes the session after it got its new id. */
function goOn({ session, query }: AnyRequest): void {
  const { then } = query;
  if (then !== undefined) session[then] = 'set';
}
