import { Controller, Delete, Get, HttpException, Post, Put, Req, Res, type Type } from '@nestjs/common';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import type { AnyRequest, AnyResponse } from '../routes.js';
import { ROUTES, TICK, type AppRoute } from './model-routes.js';

/** What a handler answers. */
export interface Answered {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string | readonly string[]>;
  readonly value: unknown;
  readonly takes: number;
  readonly throws: 'nothing' | 'exception' | 'error';
  /** Told when the handler is done. */
  readonly done: () => void;
}

export type Answering = (request: AnyRequest) => Answered;

/** The controllers of one application. They have the names of those of any other one. */
export function modelControllers(answering: Answering): Map<AppRoute, Type> {
  return new Map(ROUTES.map((route) => [route, controllerOf(route, answering)]));
}

function controllerOf(route: AppRoute, answering: Answering): Type {
  const handle = (request: AnyRequest, response: AnyResponse): Promise<unknown> =>
    answer(answering(request), response);

  @Controller(route.name)
  class Items {
    @Get(':id')
    @Cacheable({ ttl: route.model.ttl * TICK, tags: ['item:{id}'], response: route.response })
    find(@Req() request: AnyRequest, @Res({ passthrough: true }) response: AnyResponse) {
      return handle(request, response);
    }

    @Post(':id')
    add(@Req() request: AnyRequest, @Res({ passthrough: true }) response: AnyResponse) {
      return handle(request, response);
    }

    @Put(':id')
    replace(@Req() request: AnyRequest, @Res({ passthrough: true }) response: AnyResponse) {
      return handle(request, response);
    }

    @Delete(':id')
    remove(@Req() request: AnyRequest, @Res({ passthrough: true }) response: AnyResponse) {
      return handle(request, response);
    }
  }
  Object.defineProperty(Items, 'name', { value: `Items of ${route.name}` });
  return Items;
}

async function answer(answered: Answered, response: AnyResponse): Promise<unknown> {
  const { status, headers, value, takes, throws, done } = answered;
  if (takes > 0) await new Promise((resolve) => setTimeout(resolve, takes));
  done();
  for (const [name, given] of headers) {
    response.header(name, typeof given === 'string' ? given : [...given]);
  }
  if (throws === 'error') throw new Error('as its script says');
  if (throws === 'exception') throw new HttpException(value as object, status);
  response.status(status);
  return value;
}
