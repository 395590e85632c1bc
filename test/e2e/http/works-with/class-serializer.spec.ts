import {
  ClassSerializerInterceptor,
  Controller,
  Get,
  NotFoundException,
  SerializeOptions,
  UseInterceptors,
  type Type,
} from '@nestjs/common';
import { APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { Exclude, Expose, Transform, Type as Nested } from 'class-transformer';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Cacheable } from 'nestjs-redis-cache';
import { platforms } from '../response-app.js';
import { cacheSays, neighbours } from './neighbours.js';

const SECRET = 'hunter2';
let runs = 0;

class Address {
  readonly street = 'High Street';

  @Exclude()
  readonly door = `door ${SECRET}`;
}

class User {
  readonly run = (runs += 1);

  @Exclude()
  readonly password = SECRET;

  @Expose({ groups: ['staff'] })
  readonly salary = `salary ${SECRET}`;

  @Nested(() => Address)
  readonly address = new Address();

  @Transform(({ value }) => String(value).replaceAll(/./g, '*'))
  readonly pin = SECRET;

  @Expose()
  get label() {
    return `user ${this.run}`;
  }
}

const shown = (run: number) => ({
  run,
  address: { street: 'High Street' },
  pin: '*******',
  label: `user ${run}`,
});

const tagsOf = (user: User) => [`run:${user.run}`, `known:${user.password === SECRET}`];

class UserRoutes {
  @Get('one')
  @Cacheable({ ttl: '1m' })
  one() {
    return new User();
  }

  @Get('list')
  @Cacheable({ ttl: '1m' })
  async list() {
    return [new User()];
  }

  @Get('observed')
  @Cacheable({ ttl: '1m', returns: 'observable' })
  observed() {
    return of(new User());
  }

  @Get('plain')
  @SerializeOptions({ type: User })
  @Cacheable({ ttl: '1m' })
  plain() {
    return { run: (runs += 1), password: SECRET, salary: SECRET, pin: SECRET, address: { door: SECRET } };
  }

  @Get('judged')
  @Cacheable({ ttl: '1m', unless: (user: User) => user.password !== SECRET, resultTags: tagsOf })
  judged() {
    return new User();
  }

  @Get('strategy')
  @SerializeOptions({ strategy: 'excludeAll' })
  @Cacheable({ ttl: '1m' })
  strategy() {
    return new User();
  }

  @Get('lost')
  @Cacheable({ ttl: '1m', response: { statuses: [404] } })
  lost() {
    runs += 1;
    throw new NotFoundException('no such user');
  }
}

@Controller()
class PlainController extends UserRoutes {}

@Controller()
@UseInterceptors(ClassSerializerInterceptor)
class SerializingController extends UserRoutes {}

@Controller()
class RouteController {
  @Get('one')
  @UseInterceptors(ClassSerializerInterceptor)
  @Cacheable({ ttl: '1m' })
  one() {
    return new User();
  }

  @Get('staff')
  @Cacheable({ ttl: '1m' })
  @UseInterceptors(ClassSerializerInterceptor)
  @SerializeOptions({ groups: ['staff'] })
  staff() {
    return new User();
  }
}

const SETTINGS = [
  { name: 'useGlobalInterceptors', controller: PlainController, global: true, provided: false },
  { name: 'APP_INTERCEPTOR', controller: PlainController, global: false, provided: true },
  { name: 'a controller', controller: SerializingController, global: false, provided: false },
];

describe.each(platforms)('beside ClassSerializerInterceptor on %s', (platform) => {
  const { start, ask, stored } = neighbours(platform);

  async function startWith(controller: Type, { global = false, provided = false } = {}) {
    runs = 0;
    return start({
      controllers: [controller],
      providers: provided ? [{ provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }] : [],
      prepare: (app) =>
        global && app.useGlobalInterceptors(new ClassSerializerInterceptor(app.get(Reflector))),
    });
  }

  async function missAndHit(path: string): Promise<unknown> {
    const miss = await ask(path);
    const hit = await ask(path);
    expect([cacheSays(miss), cacheSays(hit)]).toEqual(['fwd=uri-miss; stored', 'hit']);
    expect(hit.text).toBe(miss.text);
    const bytes = await stored();
    expect(bytes.includes(miss.text)).toBe(true);
    expect(bytes.includes(SECRET)).toBe(false);
    return JSON.parse(hit.text) as unknown;
  }

  describe.each(SETTINGS)('by $name', ({ controller, ...where }) => {
    it('excluded fields are neither in a hit nor in Redis', async () => {
      await startWith(controller, where);
      expect(await missAndHit('/one')).toEqual(shown(1));
      expect(await missAndHit('/list')).toEqual([shown(2)]);
      expect(await missAndHit('/observed')).toEqual(shown(3));
    });

    it('a plain object is kept as its declared class shows it', async () => {
      await startWith(controller, where);
      expect(await missAndHit('/plain')).toMatchObject({ pin: '*******' });
    });

    it('what judges the result sees all of it, and keeps nothing of it', async () => {
      const { cache } = await startWith(controller, where);
      expect(await missAndHit('/judged')).toEqual(shown(1));
      await cache().invalidateTags(['known:true']);
      expect(cacheSays(await ask('/judged'))).not.toBe('hit');
    });

    it('the options of a route decide on hits too', async () => {
      await startWith(controller, where);
      expect(await missAndHit('/strategy')).toEqual({ label: 'user 1' });
    });

    it('a stored 404 is the one that was sent', async () => {
      await startWith(controller, where);
      expect(await missAndHit('/lost')).toMatchObject({ statusCode: 404, message: 'no such user' });
      expect(runs).toBe(1);
    });
  });

  it('on a route it decides for that route, whatever the order of decorators', async () => {
    await startWith(RouteController);
    expect(await missAndHit('/one')).toEqual(shown(1));
    for (const said of ['fwd=uri-miss; stored', 'hit']) {
      const reply = await ask('/staff');
      expect(cacheSays(reply)).toBe(said);
      expect(JSON.parse(reply.text)).toEqual({ ...shown(2), salary: `salary ${SECRET}` });
    }
    expect(cacheSays(await ask('/one'))).toBe('hit');
    expect((await ask('/one')).text).not.toContain(SECRET);
  });
});
