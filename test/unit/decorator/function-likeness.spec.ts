// oxlint-disable typescript/unbound-method -- the functions themselves are what is tested
import { Controller, Get, Header, Post, SetMetadata, UseGuards } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { describe, expect, it } from 'vitest';
import { CacheEvict } from '../../../src/decorator/cache-evict.decorator.js';
import { CachePut } from '../../../src/decorator/cache-put.decorator.js';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import {
  handlerVerdict,
  isRouteHandler,
  readCacheable,
  watchHandler,
  type HandlerVerdict,
} from '../../../src/di/route-metadata.js';
import { application, keysOf } from './application.js';

class Guard {
  canActivate() {
    return true;
  }
}

/** A decorator that notes something on the function itself, as some libraries do. */
const Marked: MethodDecorator = (_target, _name, descriptor) => {
  Object.assign(descriptor.value as object, { marked: true });
};

@Controller('pages')
class Pages {
  runs = 0;

  @SetMetadata('above', 1)
  @Cacheable({ cache: 'pages', ttl: '1m', response: { when: () => true } })
  @UseGuards(Guard)
  @Header('x-page', 'yes')
  @Get('all')
  @Marked
  findAll(page: number, _size?: number) {
    this.runs += 1;
    return [page];
  }

  @Get('above')
  @Cacheable()
  above() {
    this.runs += 1;
    return 'at once';
  }

  @Get('veto')
  @Cacheable({ unless: (found: string, name: string) => found === name })
  veto(name: string) {
    return name;
  }

  @Get('tagged')
  @Cacheable({ tags: ['pages'] })
  tagged() {
    return 'at once';
  }

  @Get('result')
  @Cacheable({
    tags: (name: string) => [`argument:${name}`],
    resultTags: (found: string) => [`result:${found}`],
  })
  resultTagged(name: string) {
    return name.toUpperCase();
  }

  @Get('page/:name')
  @Cacheable({ tags: ['pages', 'page:{name}'], resultTags: (found: string) => [`result:${found}`] })
  placed(name: string) {
    return name;
  }

  @Get('outer')
  @Cacheable({ tags: () => ['outer'] })
  async outer(name: string) {
    return [await this.resultTagged(name)];
  }

  @CachePut({ key: (id: number) => `page:${id}` })
  @Post(':id')
  replace(id: number) {
    return { id };
  }

  @Post()
  @CacheEvict({ all: true })
  create() {
    return 'created';
  }
}

async function pages() {
  const app = await application('pages');
  return { app, controller: app.bind(new Pages()) };
}

describe('a decorated function', () => {
  const { findAll } = Pages.prototype;

  it('keeps name, length and what stands on the function', () => {
    expect(findAll.name).toBe('findAll');
    expect(findAll).toHaveLength(2);
    expect(Reflect.get(findAll, 'marked')).toBe(true);
  });

  it('keeps the metadata of decorators above and below', () => {
    expect(Reflect.getMetadata('above', findAll)).toBe(1);
    expect(Reflect.getMetadata(PATH_METADATA, findAll)).toBe('all');
    expect(Reflect.getMetadata(METHOD_METADATA, findAll)).toBe(0);
    expect(Reflect.getMetadata('__guards__', findAll)).toEqual([Guard]);
    expect(Reflect.getMetadata('__headers__', findAll)).toEqual([{ name: 'x-page', value: 'yes' }]);
  });

  it('is no property that can be listed, as methods are not', () => {
    expect(Object.keys(Pages.prototype)).toEqual([]);
  });
});

describe('a decorated route handler', () => {
  it('is one whether the route stands above or below', () => {
    expect(isRouteHandler(Pages.prototype.findAll)).toBe(true);
    expect(isRouteHandler(Pages.prototype.above)).toBe(true);
    expect(isRouteHandler(Guard.prototype.canActivate)).toBe(false);
  });

  it('says for the interceptor what @Cacheable said', () => {
    const route = readCacheable(Pages.prototype.findAll);
    expect(route).toMatchObject({ cache: 'pages', key: undefined, ttl: '1m', judged: false });
    expect(route?.response.when).toBeTypeOf('function');
    expect(readCacheable(Pages.prototype.veto)).toMatchObject({
      cache: 'default',
      ttl: undefined,
      judged: true,
    });
    expect(readCacheable(Pages.prototype.create)).toBeUndefined();
  });

  it('passes through @Cacheable untouched: the response is cached, not the value', async () => {
    const { app, controller } = await pages();
    expect(controller.findAll(1)).toEqual([1]);
    expect(controller.findAll(1)).toEqual([1]);
    expect(controller.above()).toBe('at once');
    expect(controller.runs).toBe(3);
    expect(await keysOf(app.cache('pages'))).toEqual([]);
  });

  it('stores its value with @CachePut', async () => {
    const { app, controller } = await pages();
    expect(await controller.replace(3)).toEqual({ id: 3 });
    expect(await app.cache().get('page:3')).toEqual({ id: 3 });
  });

  it('evicts with @CacheEvict, also when it gives its result at once', async () => {
    const { app, controller } = await pages();
    await app.cache().set('a', 1);
    expect(await controller.create()).toBe('created');
    expect(await keysOf(app.cache())).toEqual([]);
  });

  it('tells who watches the tags of a result, and before that those of every result', async () => {
    const { controller } = await pages();
    expect(readCacheable(Pages.prototype.findAll)).not.toHaveProperty('tags');
    expect(readCacheable(Pages.prototype.tagged)).toMatchObject({ tags: ['pages'], judged: false });
    expect(readCacheable(Pages.prototype.resultTagged)).toMatchObject({ tags: [], judged: true });
    const verdict: HandlerVerdict = { vetoed: false };
    await watchHandler(verdict, () => controller.resultTagged('a'));
    expect(verdict).toEqual({ vetoed: false, tags: ['argument:a', 'result:A'] });
    expect(controller.tagged()).toBe('at once');
  });

  it('leaves tags with places for parameters to who knows the request', async () => {
    const { controller } = await pages();
    expect(readCacheable(Pages.prototype.placed)?.tags).toEqual(['pages', 'page:{name}']);
    const verdict: HandlerVerdict = { vetoed: false };
    await watchHandler(verdict, () => controller.placed('a'));
    expect(verdict.tags).toEqual(['pages', 'result:a']);
  });

  it('that shows what another handler made has the tags of both', async () => {
    const { controller } = await pages();
    const verdict: HandlerVerdict = { vetoed: false };
    expect(await watchHandler(verdict, () => controller.outer('a'))).toEqual(['A']);
    expect(verdict.tags?.toSorted()).toEqual(['argument:a', 'outer', 'result:A']);
  });

  it('tells who watches that `unless` rejects the result', async () => {
    const { controller } = await pages();
    const verdict = { vetoed: false };
    // The result is the name, which `unless` rejects.
    expect(await watchHandler(verdict, () => controller.veto('a'))).toBe('a');
    expect(verdict.vetoed).toBe(true);
    expect(controller.veto('a')).toBe('a');
    expect(handlerVerdict()).toBeUndefined();
  });
});
