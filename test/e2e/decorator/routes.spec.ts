import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Injectable,
  Param,
  ParseIntPipe,
  Post,
  Put,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Observable, of } from 'rxjs';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheEvict,
  CachePut,
  CacheRegistry,
  defineKey,
  RedisCacheModule,
} from '../../../src/index.js';

interface Item {
  id: number;
  name: string;
}

const item = defineKey<Item>('item').by((id: number) => [id]);

@Injectable()
class Items {
  runs = 0;

  @Cacheable({ cache: 'items', key: item })
  async find(id: number): Promise<Item> {
    this.runs += 1;
    return { id, name: `item ${id}` };
  }
}

@Injectable()
class Admin implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return (
      context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-role'] === 'admin'
    );
  }
}

@Controller('items')
class ItemsController {
  runs = 0;
  readonly items: Items;

  constructor(items: Items) {
    this.items = items;
  }

  @Cacheable({ cache: 'pages', unless: (found: Item) => found.name.startsWith('item 9') })
  @Header('x-from', 'handler')
  @Get(':id')
  find(@Param('id', ParseIntPipe) id: number): Promise<Item> {
    this.runs += 1;
    return this.items.find(id);
  }

  @CacheEvict({ cache: 'pages', all: true })
  @CachePut({ cache: 'items', key: item })
  @Put(':id')
  @UseGuards(Admin)
  @HttpCode(202)
  replace(@Param('id', ParseIntPipe) id: number, @Body() body: { name: string }): Item {
    return { id, name: body.name };
  }

  @Post(':id/touch')
  @CacheEvict({ cache: 'items', key: item })
  touch(@Param('id', ParseIntPipe) id: number) {
    return of({ first: id }, { touched: id });
  }

  @Post(':id/rx')
  @CacheEvict({ cache: 'items', key: item, before: true })
  annotated(@Param('id', ParseIntPipe) id: number): Observable<{ rx: number }> {
    return of({ rx: id });
  }

  @Delete(':id')
  @CacheEvict({ cache: 'items', key: item })
  remove(@Param('id', ParseIntPipe) id: number): string {
    if (id === 0) throw new Error('no such item');
    return `removed ${id}`;
  }
}

describe.each(['express', 'fastify'])('decorators on the routes of %s', (platform) => {
  let app: INestApplication;
  beforeAll(async () => {
    const testing = await Test.createTestingModule({
      imports: [RedisCacheModule.forRoot({ caches: { items: {}, pages: {} } })],
      controllers: [ItemsController],
      providers: [Items],
    }).compile();
    app =
      platform === 'express'
        ? testing.createNestApplication({ logger: false })
        : testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());

  const cache = (name: string) => app.get(CacheRegistry).get(name);
  const agent = () => request(app.getHttpServer() as never);
  beforeEach(async () => {
    await Promise.all([cache('items').clear(), cache('pages').clear()]);
    app.get(ItemsController).runs = 0;
    app.get(Items).runs = 0;
  });

  /** Asks until the handler did not run for the answer: the response is stored shortly after it was sent. */
  async function untilCached(path: string): Promise<unknown> {
    let body: unknown;
    await expect
      .poll(async () => {
        const { runs } = app.get(ItemsController);
        ({ body } = await agent().get(path).expect(200));
        return app.get(ItemsController).runs - runs;
      })
      .toBe(0);
    return body;
  }

  it('cache the response of one, whose handler and pipes then do not run', async () => {
    const first = await agent().get('/items/1').expect(200).expect('x-from', 'handler');
    expect(await untilCached('/items/1')).toEqual(first.body);
    await agent().get('/items/1').expect(200).expect('x-from', 'handler');
  });

  it('do not cache a response whose result `unless` rejects', async () => {
    await agent().get('/items/9').expect(200);
    await untilCached('/items/1');
    const { runs } = app.get(ItemsController);
    await agent().get('/items/9').expect(200);
    expect(app.get(ItemsController).runs).toBe(runs + 1);
    expect(app.get(Items).runs).toBe(2);
  });

  it('store the value of a handler that gives it at once, and keep its guard and status', async () => {
    await agent().put('/items/1').send({ name: 'x' }).expect(403);
    expect(await cache('items').get(item(1))).toBeUndefined();
    await agent()
      .put('/items/1')
      .set('x-role', 'admin')
      .send({ name: 'x' })
      .expect(202, { id: 1, name: 'x' });
    expect(await cache('items').get(item(1))).toEqual({ id: 1, name: 'x' });
    await agent().get('/items/1').expect(200, { id: 1, name: 'x' });
    expect(app.get(Items).runs).toBe(0);
  });

  it('drop the responses of a cache with `all`', async () => {
    expect(await untilCached('/items/1')).toEqual({ id: 1, name: 'item 1' });
    await agent().put('/items/1').set('x-role', 'admin').send({ name: 'new' }).expect(202);
    await agent().get('/items/1').expect(200, { id: 1, name: 'new' });
  });

  it('evict after a handler that succeeded, whatever it returns', async () => {
    await cache('items').set(item(1), { id: 1, name: 'old' });
    await agent().post('/items/1/touch').expect(201, { touched: 1 });
    expect(await cache('items').get(item(1))).toBeUndefined();
    await cache('items').set(item(2), { id: 2, name: 'old' });
    await agent().post('/items/2/rx').expect(201, { rx: 2 });
    expect(await cache('items').get(item(2))).toBeUndefined();
    await cache('items').set(item(3), { id: 3, name: 'old' });
    await agent().delete('/items/3').expect(200, 'removed 3');
    expect(await cache('items').get(item(3))).toBeUndefined();
  });

  it('leave the entry when the handler fails', async () => {
    await cache('items').set(item(0), { id: 0, name: 'kept' });
    await agent().delete('/items/0').expect(500);
    expect(await cache('items').get(item(0))).toEqual({ id: 0, name: 'kept' });
  });
});
