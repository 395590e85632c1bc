import {
  BadRequestException,
  Body,
  Controller,
  Delete,
  Get,
  NotFoundException,
  Post,
  Req,
} from '@nestjs/common';
import { connect } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { platforms } from '../response-app.js';
import {
  attackedRoutes,
  Runs,
  startAttackedApp,
  type Attacked,
  type AttackedApp,
  type Visit,
} from './attacked-app.js';

let runs = new Runs();

@Controller('things')
class ThingController {
  @Get()
  @Cacheable()
  read(@Body() body?: { name?: string }) {
    return { name: body?.name ?? 'none', run: runs.next() };
  }

  @Delete()
  remove(@Req() request: { method: string }) {
    return { method: request.method };
  }

  @Post()
  add() {
    return { run: runs.next() };
  }
}

describe.each(platforms)('requests that are not what they seem, on %s', (platform) => {
  let app: AttackedApp;
  afterEach(() => app.close());

  async function start(...routes: Attacked[]): Promise<Visit> {
    runs = new Runs();
    app = await startAttackedApp({ platform, controllers: [ThingController, attackedRoutes(...routes)] });
    return app.visit;
  }

  /** Sends bytes as they are and gives all that comes back. */
  async function raw(bytes: string): Promise<string> {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.end(bytes);
    return readAll(socket);
  }

  const body = JSON.stringify({ name: 'evil' });
  const json = { 'Content-Type': 'application/json' };

  it.each<[string, Record<string, string>]>([
    ['a length', { 'Content-Length': String(body.length) }],
    ['chunks', { 'Transfer-Encoding': 'chunked' }],
  ])(
    'a GET with a body, told by %s, fills nothing and is answered by nothing stored',
    async (_name, headers) => {
      const visit = await start();
      await visit('/things', { ...json, ...headers }, { body });
      const clean = await visit('/things');
      expect(clean.text).toBe('{"name":"none","run":2}');
      await visit('/things', { ...json, ...headers }, { body });
      expect(runs.count).toBe(3);
      expect((await visit('/things')).text).toBe(clean.text);
    },
  );

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])(
    'a GET that says %s fills nothing and is answered by nothing stored',
    async (name) => {
      const visit = await start();
      await visit('/things', { [name]: 'DELETE' });
      expect((await visit('/things')).text).toContain('"run":2');
      expect((await visit('/things', { [name]: 'HEAD' })).text).toContain('"run":3');
    },
  );

  it('other methods do not fill what GET is answered with, and HEAD gives no body', async () => {
    const visit = await start();
    for (const method of ['HEAD', 'POST', 'DELETE', 'OPTIONS']) await visit('/things', {}, { method });
    const before = runs.count;
    const first = await visit('/things');
    expect(runs.count).toBe(before + 1);
    const head = await visit('/things', {}, { method: 'HEAD' });
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect((await visit('/things')).text).toBe(first.text);
  });

  it('errors that only one request gets are given to no other one', async () => {
    const visit = await start({
      path: 'page',
      handle: ({ headers }) => {
        if (headers['x-bad'] !== undefined) throw new BadRequestException();
        if (headers['x-broken'] !== undefined) throw new Error('broken');
        if (headers['x-missing'] !== undefined) throw new NotFoundException();
        return { run: runs.next() };
      },
    });
    const statuses: number[] = [];
    for (const name of ['X-Bad', 'X-Broken', 'X-Missing'])
      statuses.push((await visit('/page', { [name]: '1' })).status);
    expect(statuses).toEqual([400, 500, 404]);
    expect((await visit('/page')).text).toBe('{"run":1}');
    expect((await visit('/page', { 'X-Bad': '1' })).text).toBe('{"run":1}');
  });

  it('an error that a header causes is stored for nobody where the route is strict, listed or not', async () => {
    const visit = await start({
      path: 'page',
      handle: ({ headers }) => {
        if (headers['x-missing'] !== undefined) throw new NotFoundException();
        return { run: runs.next() };
      },
      options: { response: { statuses: [404], strict: true } },
    });
    expect((await visit('/page', { 'X-Missing': '1' })).status).toBe(404);
    expect((await visit('/page')).text).toBe('{"run":1}');
  });

  it.each([
    [
      'an oversized header',
      `GET /things HTTP/1.1\r\nHost: a\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431/,
    ],
    ['an unknown method', 'POISON /things HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 4/],
    [
      'a character that no header may have',
      'GET /things HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n',
      /^HTTP\/1\.1 400/,
    ],
    [
      'two lengths',
      'GET /things HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      /^HTTP\/1\.1 400/,
    ],
    [
      'a length and chunks',
      'GET /things HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400/,
    ],
  ])('the error for %s poisons nobody', async (_name, bytes, status) => {
    const visit = await start();
    expect(await raw(bytes)).toMatch(status);
    const clean = await visit('/things');
    expect([clean.status, clean.text]).toEqual([200, '{"name":"none","run":1}']);
  });

  it('a target in absolute form is not mixed up with the path', async () => {
    const visit = await start();
    await raw('GET http://evil.example/things HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await app.drain();
    const before = runs.count;
    expect((await visit('/things')).text).toBe(`{"name":"none","run":${before + 1}}`);
  });
});
