import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Param,
  Scope,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  type MiddlewareConsumer,
  type NestInterceptor,
  type NestMiddleware,
  type NestModule,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, ModuleRef, REQUEST } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { Observable } from 'rxjs';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cacheable, CacheRegistry, RedisCacheModule } from '../../../src/index.js';

/** What ran, in order. */
const runs: string[] = [];

abstract class Base {
  @Cacheable()
  async inherited(id: string): Promise<string> {
    runs.push(`${this.constructor.name} inherited`);
    return id;
  }
}

@Injectable()
class Single extends Base {
  @Cacheable()
  async find(id: string): Promise<string> {
    runs.push('single');
    return id;
  }
}

@Injectable()
class WithOwnProperty extends Base {
  @Inject(Single) readonly single!: Single;
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  readonly tenant: string;

  constructor(@Inject(REQUEST) incoming: { headers: Record<string, string> }) {
    this.tenant = incoming.headers['x-tenant'] ?? 'none';
  }

  @Cacheable({
    key(this: PerRequest, id: string) {
      return `${this.tenant}/${id}`;
    },
  })
  async find(id: string): Promise<string> {
    runs.push(`per request ${this.tenant}`);
    return `${this.tenant} ${id}`;
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class Transient {
  @Cacheable({ key: (id: string) => `transient/${id}` })
  async find(id: string): Promise<string> {
    runs.push('transient');
    return id;
  }
}

@Injectable()
class Guard implements CanActivate {
  @Cacheable()
  async allowed(path: string): Promise<boolean> {
    runs.push('guard');
    return path !== '/closed';
  }

  canActivate(context: ExecutionContext): Promise<boolean> {
    return this.allowed(context.switchToHttp().getRequest<{ url: string }>().url);
  }
}

@Injectable()
class GlobalGuard extends Guard {}

@Injectable()
class Upper implements PipeTransform<string, Promise<string>> {
  @Cacheable()
  async transform(value: string): Promise<string> {
    runs.push('pipe');
    return value.toUpperCase();
  }
}

// A pipe gets a class as its metadata, which no default key can be made from.
@Injectable()
class Suffix implements PipeTransform<string, Promise<string>> {
  @Cacheable({ key: (value: string) => `suffix/${value}` })
  async transform(value: string): Promise<string> {
    runs.push('suffix pipe');
    return `${value}!`;
  }
}

@Injectable()
class Audit implements NestInterceptor {
  @Cacheable()
  async label(path: string): Promise<string> {
    runs.push('interceptor');
    return path;
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    await this.label(context.switchToHttp().getRequest<{ url: string }>().url);
    return next.handle();
  }
}

@Injectable()
class Locale implements NestMiddleware {
  @Cacheable()
  async of(path: string): Promise<string> {
    runs.push('middleware');
    return path;
  }

  use(_request: unknown, _response: unknown, next: (error?: unknown) => void): void {
    // oxlint-disable-next-line promise/no-callback-in-promise -- middleware goes on by a callback
    this.of('/').then(() => next(), next);
  }
}

@Controller()
@UseGuards(Guard)
@UseInterceptors(Audit)
class Things {
  readonly single: Single;
  readonly own: WithOwnProperty;
  readonly perRequest: PerRequest;
  readonly transient: Transient;

  constructor(single: Single, own: WithOwnProperty, perRequest: PerRequest, transient: Transient) {
    this.single = single;
    this.own = own;
    this.perRequest = perRequest;
    this.transient = transient;
  }

  @Get('things/:id')
  @UsePipes(Suffix)
  async find(@Param('id') id: string): Promise<string[]> {
    return Promise.all([
      this.single.find(id),
      this.single.inherited(id),
      this.own.inherited(id),
      this.own.single.find(id),
      this.perRequest.find(id),
      this.transient.find(id),
      this.helper(id),
    ]);
  }

  // No route: a method of a controller like any other, and the controller is made per request.
  @Cacheable({ key: (id: string) => `helper/${id}` })
  async helper(id: string): Promise<string> {
    runs.push('controller helper');
    return id;
  }
}

@Module({
  controllers: [Things],
  providers: [Single, WithOwnProperty, PerRequest, Transient, { provide: APP_GUARD, useClass: GlobalGuard }],
})
class ThingsModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(Locale).forRoutes(Things);
  }
}

beforeEach(() => {
  runs.length = 0;
});

describe.each(['express', 'fastify'])(
  'decorated methods in every place of an application on %s',
  (platform) => {
    let app: INestApplication;
    afterEach(() => app.close());

    async function start(): Promise<void> {
      const testing = await Test.createTestingModule({
        imports: [RedisCacheModule.forRoot(), ThingsModule],
      }).compile();
      if (platform === 'express') {
        app = testing.createNestApplication();
      } else {
        app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
      }
      await app.listen(0, '127.0.0.1');
    }

    const ask = (tenant: string) =>
      request(app.getHttpServer() as never)
        .get('/things/1')
        .set('x-tenant', tenant)
        .expect(200);

    it('are cached: providers of every scope, guards, pipes, interceptors, middleware, controllers', async () => {
      await start();
      const first = await ask('acme');
      expect(first.body).toEqual(['1!', '1!', '1!', '1!', 'acme 1!', '1!', '1!']);
      expect(runs.splice(0).sort()).toEqual([
        'Single inherited',
        'WithOwnProperty inherited',
        'controller helper',
        'guard',
        'guard',
        'interceptor',
        'middleware',
        'per request acme',
        'single',
        'suffix pipe',
        'transient',
      ]);
      expect((await ask('acme')).body).toEqual(first.body);
      expect(runs).toEqual([]);
      expect((await ask('globex')).body).toContain('globex 1!');
      expect(runs).toEqual(['per request globex']);
    });
  },
);

describe('a pipe that caches', () => {
  it('says that no key can be made from the class in its metadata', async () => {
    const testing = await Test.createTestingModule({
      imports: [RedisCacheModule.forRoot()],
      providers: [Upper],
    }).compile();
    await testing.init();
    const pipe = testing.get(Upper) as PipeTransform<string, Promise<string>>;
    await expect(pipe.transform('a', { type: 'param', metatype: String })).rejects.toThrow(
      'Upper.transform(argument 2).metatype: no key can be made from a function',
    );
    await testing.close();
  });
});

describe('an instance made later', () => {
  it('is bound by Nest, and has no default key beside the first one', async () => {
    const testing = await Test.createTestingModule({
      imports: [RedisCacheModule.forRoot()],
      providers: [Single, Transient],
    }).compile();
    await testing.init();
    expect(await testing.get(Single).find('1')).toBe('1');
    const moduleRef = testing.get(ModuleRef);
    const transient = await moduleRef.create(Transient);
    await transient.find('1');
    await transient.find('1');
    expect(runs).toEqual(['single', 'transient']);
    const second = await moduleRef.create(Single);
    await expect(second.find('1')).rejects.toThrow('Single: there are several instances of this class');
    expect(testing.get(CacheRegistry).get().stats().hits).toBe(1);
    await testing.close();
  });
});
