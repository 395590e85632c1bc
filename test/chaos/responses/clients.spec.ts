import { Controller, Get, Param } from '@nestjs/common';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Observable } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import { platforms } from '../../e2e/http/response-app.js';
import { eventually } from '../../support/eventually.js';
import { pageIn, pagesOf, PATIENCE, redisOfTest, runsOf, Script, Site } from './site.js';

const LIMIT = { timeout: 90_000 };
/** Longer than any test: whoever waits for it to pass makes the test fail. */
const WAIT = '10m';

/** A client that sends one request, and reads nothing until it is told to. */
class Client {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async ask(base: string, path: string): Promise<Client> {
    const { hostname, port } = new URL(base);
    const socket = connect({ host: hostname, port: Number(port) }).pause();
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`);
    return new Client(socket);
  }

  leave(): void {
    this.#socket.destroy();
  }

  /** The status and the body. */
  async read(): Promise<{ status: number; text: string }> {
    let received = '';
    this.#socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    this.#socket.resume();
    await once(this.#socket, 'end');
    const [head = '', ...body] = received.split('\r\n\r\n');
    return { status: Number(head.split(' ')[1]), text: body.join('\r\n\r\n') };
  }
}

/** A route whose handler gives an observable of what the script gives. Nest may end it when its client has left. */
function streamsOf(script: Script) {
  @Controller('pages')
  class Streams {
    @Get(':id')
    @Cacheable({ ttl: '5m', response: { wait: WAIT } })
    show(@Param('id') id: string) {
      return new Observable((subscriber) => {
        void script.run(`/pages/${id}`).then((page) => {
          subscriber.next(page);
          subscriber.complete();
        });
      });
    }
  }
  return Streams;
}

describe.each(platforms)('clients on %s', (platform) => {
  async function open(make: (script: Script) => ReturnType<typeof pagesOf>) {
    const redis = await redisOfTest();
    const script = new Script();
    const site = await Site.open({
      platform,
      script,
      controllers: [make(script)],
      redis: redis.url,
      connection: { deadline: 5_000 },
    });
    return { redis, script, site };
  }

  /** Waits until an application has so few connections. */
  async function connections(site: Site, app: 0 | 1, count: number): Promise<void> {
    const server = site.apps[app].app.getHttpServer();
    await eventually(async () => {
      const now = await new Promise<number>((resolve) =>
        server.getConnections((_error: unknown, found: number) => resolve(found)),
      );
      expect(now).toBe(count);
    }, PATIENCE);
  }

  it(
    'who leave while their handler runs take nothing from those who wait, here and elsewhere',
    LIMIT,
    async () => {
      const { script, site } = await open((of) => pagesOf(of, { wait: WAIT }));
      const release = script.hold();
      const first = await site.receives(1, () => Client.ask(site.apps[0].url, '/pages/1'));
      await script.began(1);
      const answered = await site.receives(20, () => site.pages('/pages/1', 20));
      (await first()).leave();
      await connections(site, 0, 10);
      release();
      expect(runsOf(await answered())).toEqual([1]);
      await site.drain();
      expect(runsOf(await site.pages('/pages/1', 4))).toEqual([1]);
      expect(script.runs).toHaveLength(1);
    },
  );

  it('who leave while they wait are not missed', LIMIT, async () => {
    const { script, site } = await open((of) => pagesOf(of, { wait: WAIT }));
    const release = script.hold();
    const first = site.page('/pages/1');
    await script.began(1);
    const waiting = await site.receives(6, () =>
      Promise.all(
        Array.from({ length: 6 }, (_, at) => Client.ask(site.apps[at < 3 ? 0 : 1].url, '/pages/1')),
      ),
    );
    const answered = await site.receives(4, () => site.pages('/pages/1', 4));
    for (const client of await waiting()) client.leave();
    await connections(site, 1, 2);
    release();
    expect(runsOf([await first, ...(await answered())])).toEqual([1]);
    expect(script.runs).toHaveLength(1);
  });

  it('who leave while their observable runs end it; all who wait are answered', LIMIT, async () => {
    const { script, site } = await open(streamsOf);
    const release = script.hold();
    const first = await site.receives(1, () => Client.ask(site.apps[0].url, '/pages/1'));
    await script.began(1);
    const answered = await site.receives(10, () => site.pages('/pages/1', 10));
    (await first()).leave();
    await connections(site, 0, 5);
    release();
    // Where Nest has ended it: one of the other application leads there, and the five here run it by themselves.
    expect(runsOf(await answered()).length).toBeLessThanOrEqual(6);
    await site.caches('/pages/1');
  });

  it('who have left when their turn comes to run the handler keep nobody from it', LIMIT, async () => {
    const { script, site } = await open(streamsOf);
    const release = script.hold();
    const first = await site.receives(1, () => Client.ask(site.apps[0].url, '/pages/1'));
    await script.began(1);
    const gone = await site.receives(3, () =>
      Promise.all(Array.from({ length: 3 }, () => Client.ask(site.apps[1].url, '/pages/1'))),
    );
    for (const client of await gone()) client.leave();
    await connections(site, 1, 0);
    const answered = await site.receives(4, () => site.pages('/pages/1', 4));
    (await first()).leave();
    await connections(site, 0, 2);
    release();
    await answered();
    await site.caches('/pages/1');
  });

  it.each([
    ['that is stored', 900_000, 1],
    ['that is too large to be stored', 3_000_000, 11],
  ])('who read nothing of a response %s keep nobody waiting', LIMIT, async (_name, size, runs) => {
    const { script, site } = await open((of) => pagesOf(of, { wait: WAIT }));
    script.text = 'x'.repeat(size);
    const release = script.hold();
    const slow = await site.receives(1, () => Client.ask(site.apps[0].url, '/pages/1'));
    await script.began(1);
    const answered = await site.receives(10, () => site.pages('/pages/1', 10));
    release();
    await answered();
    expect(script.runs).toHaveLength(runs);
    expect(pageIn(await (await slow()).read(), '/pages/1', script.text).run).toBe(1);
  });
});
