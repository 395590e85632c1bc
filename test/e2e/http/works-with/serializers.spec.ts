import { Controller, Get } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cacheable } from 'nestjs-redis-cache';
import type { AnyApplication } from '../module-app.js';
import { platforms, type Platform } from '../response-app.js';
import { cacheSays, neighbours } from './neighbours.js';

let runs = 0;

@Controller()
class PageController {
  @Get('page')
  @Cacheable({ ttl: '1m' })
  page() {
    return { run: (runs += 1) };
  }
}

type Wrap = (payload: unknown, headers: IncomingMessage['headers']) => unknown;

/** Has every JSON body of an application wrapped after its handler, as plugins of the platform do it. */
function wrapBodies(app: AnyApplication, platform: Platform, wrap: Wrap): void {
  if (platform === 'fastify') {
    const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance();
    fastify.addHook('preSerialization', async (request, _reply, payload) => wrap(payload, request.headers));
    return;
  }
  app.use((request: IncomingMessage, response: JsonResponse, next: () => void) => {
    const json = response.json.bind(response);
    response.json = (payload) => json(wrap(payload, request.headers));
    next();
  });
}

interface JsonResponse extends ServerResponse {
  json(payload: unknown): unknown;
}

describe.each(platforms)('beside what serializes bodies on %s', (platform) => {
  const { start, ask, stored } = neighbours(platform);
  beforeEach(() => {
    runs = 0;
  });

  it('what it makes of a body is stored', async () => {
    await start({
      controllers: [PageController],
      prepare: (app) => wrapBodies(app, platform, (payload) => ({ data: payload })),
    });
    expect((await ask('/page')).text).toBe('{"data":{"run":1}}');
    const hit = await ask('/page');
    expect([cacheSays(hit), hit.text]).toEqual(['hit', '{"data":{"run":1}}']);
  });

  it('a body that it made for one visitor is for him alone', async () => {
    await start({
      controllers: [PageController],
      prepare: (app) => wrapBodies(app, platform, (data, { cookie }) => ({ data, cookie })),
    });
    for (const [run, cookie] of ['name=ann', 'name=bob'].entries()) {
      const reply = await ask('/page', { Cookie: cookie });
      expect(JSON.parse(reply.text)).toEqual({ data: { run: run + 1 }, cookie });
    }
    expect((await stored()).includes('name=')).toBe(false);
  });
});
