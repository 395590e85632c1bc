import { Controller, Get, Param } from '@nestjs/common';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
} from '@nestjs/microservices';
import { afterEach, describe, expect, it } from 'vitest';
import { CacheEvict, Cacheable } from 'nestjs-redis-cache';
import { lastValueFrom, Observable, of } from 'rxjs';
import { eventually } from '../../../support/eventually.js';
import { freePort } from '../../../support/redis-server.js';
import { platforms } from '../response-app.js';
import { cacheSays, neighbours } from './neighbours.js';

const runs = { page: 0, message: 0, observed: 0, both: 0, failing: 0, changed: 0 };

interface City {
  readonly id: string;
  readonly run: number;
}

@Controller('cities')
class CityController {
  @Get('both')
  @MessagePattern('both')
  @Cacheable({ ttl: '1m' })
  both() {
    return { run: (runs.both += 1) };
  }

  @Get(':id')
  @Cacheable({ ttl: '1m', tags: ['city:{id}'] })
  page(@Param('id') id: string): City {
    return { id, run: (runs.page += 1) };
  }

  @MessagePattern('city')
  @Cacheable({ ttl: '1m', tags: (id: string) => [`city:${id}`] })
  async message(@Payload() id: string): Promise<City> {
    return { id, run: (runs.message += 1) };
  }

  @Cacheable({ ttl: '1m' })
  @MessagePattern('observed')
  observed(@Payload() id: string): Observable<City> {
    return of({ id, run: (runs.observed += 1) });
  }

  @MessagePattern('failing')
  @Cacheable({ ttl: '1m' })
  async failing(@Payload() id: string): Promise<City> {
    runs.failing += 1;
    throw new Error(`no ${id}`);
  }

  @EventPattern('changed')
  @CacheEvict({ tags: (id: string) => [`city:${id}`] })
  async changed(@Payload() _id: string): Promise<void> {
    runs.changed += 1;
  }
}

describe.each(platforms)('a hybrid application on %s', (platform) => {
  const { start, ask } = neighbours(platform);
  let client: ClientProxy | undefined;
  afterEach(() => client?.close());

  async function startHybrid(inheritAppConfig: boolean, routes: 'decorated' | 'all' = 'decorated') {
    Object.assign(runs, { page: 0, message: 0, observed: 0, both: 0, failing: 0, changed: 0 });
    const options = { host: '127.0.0.1', port: await freePort() };
    const { drain } = await start({
      controllers: [CityController],
      http: { routes },
      prepare: async (app) => {
        app.connectMicroservice({ transport: Transport.TCP, options }, { inheritAppConfig });
        await app.startAllMicroservices();
      },
    });
    const proxy = ClientProxyFactory.create({ transport: Transport.TCP, options });
    client = proxy;
    return async (pattern: string, data: string) => {
      const answer = await lastValueFrom(proxy.send<City>(pattern, data));
      await drain();
      return answer;
    };
  }

  describe.each([
    ['of its own', false],
    ['of the application', true],
  ])('where messages have a configuration %s', (_, inherited) => {
    it('message handlers are cached methods, beside cached routes of the same controller', async () => {
      const message = await startHybrid(inherited);
      for (const said of ['fwd=uri-miss; stored', 'hit']) {
        const reply = await ask('/cities/1');
        expect([cacheSays(reply), reply.text]).toEqual([said, '{"id":"1","run":1}']);
        expect(await message('city', '1')).toEqual({ id: '1', run: 1 });
        expect(await message('observed', '1')).toEqual({ id: '1', run: 1 });
      }
      expect(await message('city', '2')).toEqual({ id: '2', run: 2 });
      expect(runs).toMatchObject({ page: 1, message: 2, observed: 1 });
    });

    it('an event evicts what routes and message handlers have stored', async () => {
      const message = await startHybrid(inherited);
      for (const id of ['1', '2']) {
        await ask(`/cities/${id}`);
        await message('city', id);
      }
      await lastValueFrom((client as ClientProxy).emit('changed', '1'), { defaultValue: undefined });
      await eventually(async () => {
        expect(cacheSays(await ask('/cities/1'))).not.toBe('hit');
      });
      expect(await message('city', '1')).toEqual({ id: '1', run: 3 });
      expect(cacheSays(await ask('/cities/2'))).toBe('hit');
      expect(await message('city', '2')).toEqual({ id: '2', run: 2 });
      expect(runs.changed).toBe(1);
    });

    it('what a message handler throws reaches its caller, every time', async () => {
      const message = await startHybrid(inherited);
      for (const run of [1, 2]) {
        await expect(message('failing', '1')).rejects.toMatchObject({ status: 'error' });
        expect(runs.failing).toBe(run);
      }
    });

    it.each(['decorated', 'all'] as const)(
      'a method that is both is a route where requests come from, and runs for each message (%s)',
      async (routes) => {
        const message = await startHybrid(inherited, routes);
        expect((await ask('/cities/both')).text).toBe('{"run":1}');
        expect(cacheSays(await ask('/cities/both'))).toBe('hit');
        expect(await message('both', '')).toEqual({ run: 2 });
        expect(await message('both', '')).toEqual({ run: 3 });
        expect((await ask('/cities/both')).text).toBe('{"run":1}');
      },
    );
  });
});
