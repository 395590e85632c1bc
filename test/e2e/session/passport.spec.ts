import {
  Controller,
  Get,
  Injectable,
  Module,
  Req,
  ServiceUnavailableException,
  Session,
  UnauthorizedException,
  UseGuards,
  type ExecutionContext,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { AuthGuard, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SessionService } from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { platforms, startSessionApp, type SessionApp, type SessionAppOptions } from './session-app.js';
import { done, type AnyRequest, type AnySession } from './session-routes.js';

interface PassportRequest extends AnyRequest {
  user?: { name: string };
  isAuthenticated(): boolean;
  logOut(callback: (error?: unknown) => void): void;
}

@Injectable()
class Local extends PassportStrategy(Strategy) {
  validate(name: string, password: string) {
    if (password !== 'right') throw new UnauthorizedException();
    return { name };
  }
}

@Injectable()
class Names extends PassportSerializer {
  serializeUser(user: { name: string }, goOn: (error: Error | null, name: string) => void): void {
    goOn(null, user.name);
  }

  deserializeUser(name: string, goOn: (error: Error | null, user: { name: string }) => void): void {
    goOn(null, { name });
  }
}

@Injectable()
class SignIn extends AuthGuard('local') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    await super.logIn(context.switchToHttp().getRequest<PassportRequest>() as never);
    return true;
  }
}

@Controller()
class Account {
  @Get('cart')
  cart(@Session() session: AnySession) {
    session['cart'] = ['book'];
  }

  @Get('login')
  @UseGuards(SignIn)
  login(@Req() { user }: PassportRequest) {
    return user;
  }

  @Get('me')
  me(@Req() request: PassportRequest) {
    return {
      user: request.user?.name ?? null,
      known: request.isAuthenticated(),
      cart: request.session['cart'] ?? null,
    };
  }

  @Get('logout')
  async logout(@Req() request: PassportRequest) {
    await done((callback) => request.logOut(callback));
    return { known: request.isAuthenticated() };
  }
}

@Module({ controllers: [Account], providers: [Local, Names] })
class Accounts implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(passport.initialize() as never, passport.session() as never).forRoutes('*path');
  }
}

const LOGIN = '/login?username=ann&password=right';

describe.each(platforms)('passport on %s', (platform) => {
  let redis: RedisServer;
  let app: SessionApp;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    redis.resume();
    await app.close();
  });
  const start = async (options: Partial<SessionAppOptions> = {}) => {
    app = await startSessionApp({
      platform,
      redis: redis.url,
      controllers: [],
      imports: [Accounts],
      session: { userId: userOf },
      ...options,
    });
    return app.browser();
  };

  it('signs in under a new id, and out', async () => {
    const browser = await start();
    expect(await browser.json('/me')).toEqual({ user: null, known: false, cart: null });
    await browser.get('/cart');
    const before = browser.twin();
    const login = await browser.get(LOGIN);
    expect([login.status, login.text]).toEqual([200, '{"name":"ann"}']);
    expect(browser.cookies).not.toEqual(before.cookies);
    expect(await browser.json('/me')).toEqual({ user: 'ann', known: true, cart: null });
    expect(await before.json('/me')).toEqual({ user: null, known: false, cart: null });
    const signedIn = browser.twin();
    expect(await browser.json('/logout')).toEqual({ known: false });
    for (const one of [browser, signedIn]) {
      expect(await one.json('/me')).toEqual({ user: null, known: false, cart: null });
    }
  });

  it('gives nobody a session who has the wrong password', async () => {
    const browser = await start();
    const reply = await browser.get('/login?username=ann&password=wrong');
    expect([reply.status, reply.headers['set-cookie']]).toEqual([401, undefined]);
  });

  it('signs in whose sessions can be listed and ended', async () => {
    const browser = await start();
    await browser.get(LOGIN);
    await app.browser().get(LOGIN);
    const sessions = app.app.get(SessionService);
    expect(await sessions.list('ann')).toHaveLength(2);
    expect(await sessions.destroyAll('ann')).toBe(2);
    expect(await browser.json('/me')).toEqual({ user: null, known: false, cart: null });
  });

  it.each(['/login?username=ann&password=right', '/logout'])(
    'says 503 to %s without Redis, and changes nothing',
    async (path) => {
      const browser = await start({ deadline: 200 });
      if (path === '/logout') await browser.get(LOGIN);
      else await browser.get('/cart');
      const { cookies } = browser.twin();
      redis.pause();
      const reply = await browser.get(path);
      expect([reply.status, reply.headers['set-cookie']]).toEqual([503, undefined]);
      redis.resume();
      expect(browser.cookies).toEqual(cookies);
    },
  );

  it('says 503 where Redis is lost between the load and the login', async () => {
    const browser = await start({ deadline: 200 });
    redis.pause();
    const reply = await browser.get(LOGIN);
    expect([reply.status, reply.headers['set-cookie']]).toEqual([503, undefined]);
    expect(app.caught[0]).toBeInstanceOf(ServiceUnavailableException);
  });
});

function userOf(fields: Readonly<Record<string, unknown>>): string | undefined {
  return (fields['passport'] as { user?: string } | undefined)?.user;
}
