import { Controller, Get, Res, Session, type LoggerService } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { handleOf } from '../../../src/session/record/session-ids.js';
import { SessionService, type SessionEvent } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { platforms, startSessionApp, type Browser, type SessionApp } from './session-app.js';
import { rawOf, type AnyResponse, type AnySession } from './session-routes.js';

/** What may not stand in a session, each under the path that puts it there. */
const MISTAKES: Readonly<Record<string, unknown>> = {
  'a session that is too big': 'x'.repeat(2_000),
  'what is not JSON': 1n,
  'a user that is none': { userId: 1 },
};

/** Nest's two ways to write it. */
const INTERNAL = expect.stringMatching(/^internal server error$/i) as string;

/** What Nest's loggers are given: texts, or errors with their stacks. */
function textOf(said: unknown): string {
  return said instanceof Error ? String(said.stack) : String(said);
}

@Controller()
class Routes {
  static value: unknown = 'ok';

  @Get('set')
  set(@Session() session: AnySession) {
    session['value'] = Routes.value;
    return { set: true };
  }

  /** Its head goes out past Nest. */
  @Get('raw')
  raw(@Session() session: AnySession, @Res() response: AnyResponse) {
    session['value'] = Routes.value;
    rawOf(response).end('raw');
  }

  @Get('show')
  show(@Session() session: AnySession) {
    return { value: session['value'] };
  }
}

describe.each(platforms)('what goes wrong with a session, on %s', (platform) => {
  let redis: RedisServer;
  let host: SessionApp;
  let ann: Browser;
  let logged: string[];
  let events: SessionEvent[];
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    await redis.cli('ACL', 'SETUSER', 'default', '+@all');
    await host.close();
  });

  /** Somebody who has a session, in an application whose errors are met by Nest's own filter. */
  async function visit(session: object = {}): Promise<void> {
    logged = [];
    events = [];
    Routes.value = 'ok';
    const say = (...said: unknown[]): void => void logged.push(said.map(textOf).join('\n'));
    const logger: LoggerService = { log: () => {}, warn: say, error: say };
    host = await startSessionApp({
      platform,
      redis: redis.url,
      controllers: [Routes],
      logger,
      session: { maxBytes: 1_024, userId: ({ value }) => userOf(value), ...session },
      prepare: (app) => app.useGlobalFilters(new BaseExceptionFilter(app.getHttpAdapter())),
    });
    ann = host.browser();
    expect((await ann.get('/set')).status).toBe(200);
    host.app.get(SessionService).events.subscribe((event) => events.push(event));
  }

  function userOf(value: unknown): string | undefined {
    return typeof value === 'object' ? (value as { userId: string }).userId : undefined;
  }

  const handle = (): string => handleOf(/^s%3A([^.]+)/.exec(ann.cookies.get('sid') ?? '')?.[1] ?? '');

  describe.each(['/set', '/raw'])('met by %s', (path) => {
    it.each(Object.entries(MISTAKES))(
      'is a 500 that stands in the log: %s; the old state stays',
      async (_what, mistake) => {
        await visit();
        Routes.value = mistake;
        const { status, text } = await ann.get(path);
        expect([status, JSON.parse(text)]).toEqual([500, { statusCode: 500, message: INTERNAL }]);
        await eventually(() => {
          expect(events).toEqual([{ type: 'failed', handle: handle(), error: expect.any(Error) }]);
        });
        expect(logged).toContainEqual(
          expect.stringMatching(/could not be .*stored.*(maxBytes|value|userId)/),
        );
        expect(await ann.json('/show')).toEqual({ value: 'ok' });
      },
    );
  });

  it('that is a mistake reaches filters with its stack', async () => {
    await visit();
    Routes.value = 1n;
    await ann.get('/set');
    expect(logged).toContainEqual(expect.stringMatching(/SerializationError.*\n\s+at /));
  });

  it('since Redis refuses it is a 503, an event for each, and one line that names the refusal', async () => {
    await visit();
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
    for (let n = 0; n < 3; n++) {
      Routes.value = `other ${n}`;
      expect((await ann.get('/set')).status).toBe(503);
    }
    const error = expect.objectContaining({ message: expect.stringMatching(/^OOM/) }) as Error;
    expect(events).toEqual(Array.from({ length: 3 }, () => ({ type: 'failed', handle: handle(), error })));
    expect(logged).toEqual([expect.stringMatching(/could not be .*stored.* OOM\./)]);
  });

  it('that cannot be read is told in the same way', async () => {
    await visit();
    await redis.cli('ACL', 'SETUSER', 'default', '-@read');
    expect((await ann.get('/show')).status).toBe(503);
    expect(events).toEqual([{ type: 'failed', handle: handle(), error: expect.any(Error) }]);
    expect(logged).toEqual([expect.stringMatching(/could not be read.* NOPERM\./)]);
  });

  it('that cannot be lengthened is told, and the response does not fail', async () => {
    await visit({ ttl: 3_000 });
    await redis.cli('ACL', 'SETUSER', 'default', '-hset');
    await eventually(async () => {
      expect(await ann.json('/show')).toEqual({ value: 'ok' });
      expect(events).not.toEqual([]);
    });
    expect(events[0]).toEqual({ type: 'failed', handle: handle(), error: expect.any(Error) });
    expect(logged).toEqual([expect.stringMatching(/lengthened/)]);
  });

  it('while Redis is away is an event, and no line besides that of the connection', async () => {
    await visit();
    await redis.stop();
    expect((await ann.get('/show')).status).toBe(503);
    expect(events).toEqual([
      { type: 'failed', handle: handle(), error: expect.objectContaining({ code: 'REDIS_UNAVAILABLE' }) },
    ]);
    expect(logged).toEqual([expect.stringMatching(/^Redis connection "default" is down/)]);
    await redis.start();
  });
});
