import { NotFoundException } from '@nestjs/common';
import { connect, type ClientHttp2Session, type Http2ServerResponse } from 'node:http2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startExchangeApp, type ExchangeApp, type ExchangeAppOptions } from './exchange-app.js';
import { http2Adapters } from './http2-adapters.js';
import { askHttp2, type Http2Reply } from './http2-client.js';
import { cachedRoutes, type Route } from './routes.js';

const large = 'x'.repeat(200_000);
let runs = 0;

const routes: Record<string, Route> = {
  page: (_request, response) => {
    runs += 1;
    response.header('ETag', '"v1"');
    response.header('Cache-Control', 'max-age=60');
    return { run: runs };
  },
  large: () => ((runs += 1), large),
  missing: () => {
    runs += 1;
    throw new NotFoundException();
  },
};

describe.each(['fastify', 'express'] as const)('HTTP/2 on %s', (platform) => {
  let app: ExchangeApp;
  let session: ClientHttp2Session;
  const errors: unknown[] = [];

  async function start(options: Partial<ExchangeAppOptions> = {}): Promise<void> {
    runs = 0;
    errors.length = 0;
    app = await startExchangeApp({
      platform,
      adapter: http2Adapters[platform](),
      controllers: [cachedRoutes('', routes)],
      statuses: [404],
      prepare: (nest) =>
        nest.use((_request: unknown, { stream }: Http2ServerResponse, next: () => void) => {
          stream.on('error', (error) => errors.push(error));
          next();
        }),
      ...options,
    });
    session = connect(app.url);
  }

  beforeEach(() => start());
  afterEach(async () => {
    session.destroy();
    await app.close();
  });

  function ask(path: string, headers: Record<string, string> = {}): Promise<Http2Reply> {
    return askHttp2(session, path, headers);
  }

  it.each(['/page', '/large', '/missing'])('a hit of %s is the same response', async (path) => {
    const miss = await ask(path);
    const hit = await ask(path);
    expect(runs).toBe(1);
    const { date: _miss, ...before } = miss.headers;
    const { date: _hit, ...after } = hit.headers;
    if (path === '/missing') delete (after as { etag?: unknown }).etag;
    if (path === '/missing') delete (before as { etag?: unknown }).etag;
    expect({ ...after }).toEqual({ ...before });
    expect(hit.text).toBe(miss.text);
  });

  it.each([
    ['/page', '"v1"'],
    ['/large', '*'],
  ])('%s: a miss and a hit are a 304 for who has it', async (path, tag) => {
    for (const kind of ['miss', 'hit']) {
      const reply = await ask(path, { 'if-none-match': tag });
      expect([kind, reply.status, reply.text]).toEqual([kind, 304, '']);
      expect(reply.headers).not.toHaveProperty('content-type');
      expect(reply.headers).not.toHaveProperty('content-length');
      expect(reply.headers.etag).toBeDefined();
    }
    // Express writes an empty body after each 304.
    if (platform === 'fastify') expect(errors).toEqual([]);
    expect(runs).toBe(1);
    expect((await ask(path)).status).toBe(200);
    expect(runs).toBe(1);
  });

  it('HEAD is answered from the stored response', async () => {
    const { headers } = await ask('/page');
    const head = await ask('/page', { ':method': 'HEAD' });
    expect([head.status, head.text, head.headers['content-length']]).toEqual([
      200,
      '',
      headers['content-length'],
    ]);
    expect(runs).toBe(1);
  });

  it('a run in the background renews the response', async () => {
    session.destroy();
    await app.close();
    await start({ hit: 'refresh' });
    expect((await ask('/page')).text).toBe('{"run":1}');
    expect((await ask('/page')).text).toBe('{"run":1}');
    await app.refreshes[0];
    expect((await ask('/page')).text).toBe('{"run":2}');
    await Promise.all(app.refreshes);
  });

  it('the end of a response is told at once when it is there already', async () => {
    await ask('/page');
    const [exchange] = app.exchanges;
    await new Promise<void>((resolve) => {
      exchange?.onClose(resolve);
    });
    let again = false;
    exchange?.onClose(() => {
      again = true;
    });
    expect(again).toBe(true);
  });
});
