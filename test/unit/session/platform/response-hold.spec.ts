import { once } from 'node:events';
import {
  Agent,
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, createServer as createServer2, type Http2Server } from 'node:http2';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { holdResponse, type HeadGate } from '../../../../src/session/platform/response-hold.js';
import type { SessionHead } from '../../../../src/session/platform/session-fields.js';

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly trailers: Readonly<Record<string, unknown>>;
}

const NOTHING: SessionHead = { cookie: undefined, varies: false };

function deferred<T = void>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** A gate that a test opens. */
function gate(more: Partial<HeadGate> = {}) {
  const { promise, resolve, reject } = deferred();
  return {
    asked: 0,
    let: resolve,
    fail: () => reject(new Error('refused')),
    open(): Promise<void> | undefined {
      this.asked += 1;
      return promise;
    },
    head: () => NOTHING,
    refuse: (_error: unknown): void => {},
    ...more,
  };
}

describe.each(['HTTP/1', 'HTTP/2'] as const)('a held response of %s', { timeout: 5_000 }, (version) => {
  let server: Server | Http2Server;
  afterEach(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });

  /** Lets a handler answer one request. */
  async function ask(
    handle: (response: ServerResponse, request: IncomingMessage) => unknown,
  ): Promise<Reply> {
    server =
      version === 'HTTP/1'
        ? createServer((incoming, response) => void handle(response, incoming))
        : createServer2((incoming, response) => void handle(response as never, incoming as never));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return version === 'HTTP/1' ? ask1(port) : ask2(port);
  }

  it('goes out at once where nothing is to be waited for, as it was written', async () => {
    const reply = await ask((response) => {
      const own = gate({ open: () => undefined });
      holdResponse(response, own);
      response.setHeader('X-One', '1');
      response.writeHead(201, { 'X-Two': '2' });
      expect(response.headersSent).toBe(true);
      response.write('a');
      response.end('b');
    });
    expect(reply).toMatchObject({ status: 201, headers: { 'x-one': '1', 'x-two': '2' }, text: 'ab' });
  });

  it('keeps the order of what is written, its callbacks and its trailers', async () => {
    const order: string[] = [];
    const reply = await ask(async (response) => {
      const own = gate();
      holdResponse(response, own);
      response.setHeader('Trailer', 'X-Sum');
      expect(response.write('a', () => order.push('a'))).toBe(false);
      expect(response.write(Buffer.from('b'), (error) => order.push(`b ${error}`))).toBe(false);
      response.addTrailers({ 'X-Sum': '3' });
      response.end('c', 'utf8', () => order.push('end'));
      expect(order).toEqual([]);
      own.let();
    });
    expect(reply).toMatchObject({ status: 200, text: 'abc', trailers: { 'x-sum': '3' } });
    expect(order.map((one) => one.slice(0, 1))).toEqual(['a', 'b', 'e']);
  });

  it('counts as sent for who has written it', async () => {
    const reply = await ask((response) => {
      const own = gate();
      holdResponse(response, own);
      response.statusCode = 202;
      response.write('a');
      expect([response.headersSent, response.writableEnded]).toEqual([true, false]);
      if (version === 'HTTP/1')
        expect(() => response.setHeader('X-Late', '1')).toThrow(/after they are sent/);
      expect(() => response.writeHead(500)).toThrow(/after they are sent/);
      response.statusCode = 500;
      response.end();
      expect(response.writableEnded).toBe(true);
      own.let();
    });
    expect([reply.status, reply.text]).toEqual([202, 'a']);
  });

  it.each([3, 300_000])('tells who waits for drain once it goes out, with chunks of %i', async (length) => {
    const chunk = 'x'.repeat(length);
    const source = Readable.from([chunk, chunk, chunk, 'end']);
    const reply = await ask((response) => {
      const own = gate();
      holdResponse(response, own);
      source.pipe(response);
      setImmediate(() => {
        expect(source.isPaused()).toBe(true);
        own.let();
      });
    });
    expect(reply.text).toBe(`${chunk.repeat(3)}end`);
  });

  it('takes fields of writeHead in every form, and others beside them', async () => {
    for (const fields of [
      { 'Set-Cookie': ['a=1', 'b=2'], 'Cache-Control': 'public, max-age=60, s-maxage=9' },
      ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Cache-Control', 'public, max-age=60, s-maxage=9'],
    ]) {
      const reply = await ask((response) => {
        const own = gate({ head: () => ({ cookie: 'sid=1', varies: true }) });
        holdResponse(response, own);
        response.writeHead(200, fields as never);
        response.end();
        own.let();
      });
      expect(reply.headers['set-cookie']).toEqual(['a=1', 'b=2', 'sid=1']);
      expect(reply.headers['cache-control']).toBe('max-age=60, private');
      expect(reply.headers['vary']).toBe('Cookie');
      server.close();
    }
  });

  it('is asked for once, whatever sends the head', async () => {
    const own = gate();
    await ask((response) => {
      holdResponse(response, own);
      response.flushHeaders();
      response.write('a');
      response.end();
      own.let();
    });
    expect(own.asked).toBe(1);
  });

  it('is as it was before the handler where it is refused, and takes one other answer', async () => {
    const reply = await ask((response) => {
      response.setHeader('X-Before', '1');
      const own = gate({
        refuse() {
          expect([response.headersSent, response.statusCode, response.hasHeader('x-handler')]).toEqual([
            false,
            200,
            false,
          ]);
          response.statusCode = 503;
          response.end('refused');
        },
      });
      holdResponse(response, own);
      response.setHeader('X-Handler', '1');
      response.writeHead(201, { 'X-Too': '1' });
      response.write('handler', (error) => expect(error).toBeInstanceOf(Error));
      own.fail();
      setImmediate(() => {
        // The handler goes on.
        expect(response.write('more')).toBe(false);
        response.end('end');
      });
    });
    expect([reply.status, reply.text, reply.headers['x-before']]).toEqual([503, 'refused', '1']);
    expect(reply.headers).not.toHaveProperty('x-handler');
    expect(reply.headers).not.toHaveProperty('x-too');
  });

  it('gives nothing of a stream that was piped into it to the other answer, and destroys it', async () => {
    const source = new Readable({ read() {} });
    source.push('handler');
    const reply = await ask((response) => {
      const own = gate({
        refuse: () => setImmediate(() => response.writeHead(503).end('refused')),
      });
      holdResponse(response, own);
      source.pipe(response);
      source.once('pause', () => {
        own.fail();
        setImmediate(() => source.push('more'));
      });
    });
    expect([reply.status, reply.text]).toEqual([503, 'refused']);
    if (!source.destroyed) await once(source, 'close');
  });

  it('what middleware behind it has made of the head is not part of the other answer', async () => {
    const reply = await ask((response) => {
      const own = gate({ refuse: () => response.writeHead(503).end('refused') });
      holdResponse(response, own);
      const { end } = response;
      response.end = ((chunk: string) => end.call(response, `changed ${chunk}`, 'utf8')) as never;
      response.end('handler');
      own.fail();
    });
    expect([reply.status, reply.text]).toEqual([503, 'refused']);
  });

  it('lets its client leave', async () => {
    const own = gate();
    const left = deferred<unknown>();
    const asked = ask((response, incoming) => {
      holdResponse(response, own);
      response.write('a', () => {
        response.end('b');
        left.resolve(response.destroyed);
      });
      response.once('close', () => own.let());
      incoming.socket.destroy();
    });
    await expect(asked).rejects.toThrow();
    await left.promise;
  });

  it('throws at once for what Node does not take, and waits for the next head', async () => {
    const reply = await ask((response) => {
      const own = gate({ refuse: () => response.writeHead(503).end('refused') });
      holdResponse(response, own);
      expect(() => response.writeHead(9_999)).toThrow(/status/i);
      expect(() => response.write(5)).toThrow(/argument/);
      expect(response.headersSent).toBe(false);
      own.fail();
      setImmediate(() => response.end('handler'));
    });
    expect([reply.status, reply.text]).toEqual([503, 'refused']);
  });
});

it('a held response of HTTP/1 keeps those back that come behind it on its connection', async () => {
  const gates = [gate(), gate()];
  let asked = 0;
  const server = createServer((incoming, response) => {
    const own = gates[asked++] ?? gate();
    holdResponse(response, own);
    response.end(`for ${incoming.url}`);
    if (asked < 2) return;
    gates[1]?.let();
    setImmediate(() => gates[0]?.let());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connectTcp((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(
    'GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  );
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(socket, 'end');
  expect(text.match(/for \/(?:one|two)/g)).toEqual(['for /one', 'for /two']);
  expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  server.close();
});

function ask1(port: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', agent: new Agent({ keepAlive: false }) }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      reply.on('error', reject);
      reply.on('end', () => {
        const { statusCode: status = 0, headers, trailers } = reply;
        resolve({ status, headers, text, trailers });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function ask2(port: number): Promise<Reply> {
  const session = connect(`http://127.0.0.1:${port}`);
  return new Promise<Reply>((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({ ':path': '/' });
    let headers: Record<string, unknown> = {};
    let trailers: Record<string, unknown> = {};
    let text = '';
    stream.on('response', (fields) => (headers = fields));
    stream.on('trailers', (fields) => (trailers = fields));
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      if (headers[':status'] === undefined) reject(new Error('no response'));
      resolve({ status: Number(headers[':status']), headers, text, trailers });
    });
  }).finally(() => session.destroy());
}
