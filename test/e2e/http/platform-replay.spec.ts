import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startExchangeApp, type ExchangeApp, type ExchangeAppOptions } from './exchange-app.js';
import { send } from './http-client.js';
import { platforms } from './response-app.js';
import { cachedRoutes, counter, type Route } from './routes.js';

interface NodeResponse {
  setHeader(name: string, value: string): void;
}

const setting = (name: string, value: string): NonNullable<ExchangeAppOptions['prepare']> => {
  return (nest) =>
    nest.use((_request: unknown, response: NodeResponse, next: () => void) => {
      response.setHeader(name, value);
      next();
    });
};

describe.each(platforms)('what is replayed on %s', (platform) => {
  let app: ExchangeApp | undefined;
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await app?.close();
  });

  async function start(page: Route, options: Partial<ExchangeAppOptions> = {}): Promise<ExchangeApp> {
    app = await startExchangeApp({ platform, controllers: [cachedRoutes('', { page })], ...options });
    return app;
  }

  /** A client that asks for the page and is in the test's hands from there. */
  async function ask(url: string): Promise<Socket> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write('GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return socket;
  }

  it('Vary is united with what middleware says of this request', async () => {
    const { url, stored } = await start(
      (_request, response) => {
        response.header('Vary', 'Accept-Language, origin');
        return 'text';
      },
      { prepare: setting('Vary', 'Origin') },
    );
    await send(url, '/page');
    expect(stored.size).toBe(1);
    expect((await send(url, '/page')).headers.vary).toBe('Origin, Accept-Language');
  });

  it('a stored age and date are those of the response, also where it is a 304', async () => {
    const { url, stored } = await start((_request, response) => {
      response.header('ETag', '"v1"');
      return 'text';
    });
    await send(url, '/page');
    const kept = stored.get('/page');
    expect(kept).toBeDefined();
    const date = 'Tue, 01 Jan 2030 00:00:00 GMT';
    const added = [
      { name: 'Age', value: '7' },
      { name: 'Date', value: date },
    ];
    if (kept !== undefined) stored.set('/page', { ...kept, headers: [...kept.headers, ...added] });
    const whole = await send(url, '/page');
    expect([whole.status, whole.headers.age, whole.headers.date]).toEqual([200, '7', date]);
    expect(whole.rawHeaders.filter((name) => name.toLowerCase() === 'date')).toHaveLength(1);
    const unmodified = await send(url, '/page', { headers: { 'If-None-Match': '"v1"' } });
    expect([unmodified.status, unmodified.headers.age, unmodified.headers.date]).toEqual([304, '7', date]);
  });

  it('a member is added to a field after those that are there', async () => {
    const { url } = await start(
      (_request, response) => {
        response.header('Cache-Status', 'origin; hit');
        return 'text';
      },
      { adds: { 'Cache-Status': 'app; hit', 'X-Added': '1' } },
    );
    await send(url, '/page');
    const { headers } = await send(url, '/page');
    expect([headers['cache-status'], headers['x-added']]).toEqual(['origin; hit, app; hit', '1']);
  });

  it('a client that does not read does not keep others from the response', async () => {
    const body = 'x'.repeat(32 * 1024 * 1024);
    const { url, stored, exchanges } = await start(() => body, { maxBodyBytes: body.length });
    const slow = await ask(url);
    slow.pause();
    let closed = false;
    await expect.poll(() => stored.size).toBe(1);
    exchanges[0]?.onClose(() => {
      closed = true;
    });
    expect(closed).toBe(false);
    expect((await send(url, '/page')).body.length).toBe(body.length);
    expect(closed).toBe(false);
  });

  it('a response that cannot be sent is not offered as one, and its end is told', async () => {
    const { url, exchanges, stored } = await start(() => ({ big: 1n }));
    expect((await send(url, '/page')).status).toBe(500);
    await new Promise<void>((resolve) => {
      exchanges[0]?.onClose(resolve);
    });
    expect([...stored.values()].map(({ status }) => status)).not.toContain(200);
  });

  it('the end of a response is told when its client leaves, and at once afterwards', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { url, exchanges } = await start(async () => {
      await held;
      return 'text';
    });
    const client = await ask(url);
    await expect.poll(() => exchanges.length).toBe(1);
    const told = new Promise<void>((resolve) => {
      exchanges[0]?.onClose(resolve);
    });
    client.destroy();
    await told;
    let again = false;
    exchanges[0]?.onClose(() => {
      again = true;
    });
    expect(again).toBe(true);
    release();
  });

  it('a body that is larger than what is stored is offered, so that it is refused by its length', async () => {
    const { url, offered } = await start(() => 'x'.repeat(100), { maxBodyBytes: 10 });
    expect((await send(url, '/page')).body.length).toBe(100);
    expect(offered[0]?.body?.length).toBe(100);
  });

  it('what middleware set and what is added counts as set before the handler', async () => {
    const { url, exchanges } = await start(counter(), { prepare: setting('X-Own', 'middleware') });
    await send(url, '/page');
    const [exchange] = exchanges;
    expect(exchange?.fields().get('x-own')).toBe('middleware');
    expect(exchange?.fields().has('etag')).toBe(false);
  });
});
