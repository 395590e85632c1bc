import express from 'express';
import expressSession from 'express-session';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from 'redis';
import { Gates } from '../../chaos/sessions/gates.js';
import type { Host } from '../../chaos/sessions/site.js';

type Client = ReturnType<typeof clientOf>;

const clientOf = (url: string) => createClient({ url });

/** Keeps each session as one text, which every request writes as a whole. */
class BlobStore extends expressSession.Store {
  readonly #client: Client;

  constructor(client: Client) {
    super();
    this.#client = client;
  }

  override get(
    id: string,
    tell: (error: unknown, session?: expressSession.SessionData | null) => void,
  ): void {
    this.#client.get(`blob:${id}`).then(
      (text) => tell(null, text === null ? null : (JSON.parse(text) as expressSession.SessionData)),
      (error: unknown) => tell(error),
    );
  }

  override set(id: string, session: expressSession.SessionData, tell: (error?: unknown) => void): void {
    this.#client.set(`blob:${id}`, JSON.stringify(session)).then(() => tell(), tell);
  }

  override destroy(id: string, tell: (error?: unknown) => void): void {
    this.#client.del(`blob:${id}`).then(() => tell(), tell);
  }
}

/** A server with the routes `show`, `set` and `logout` of `sessionHandlers`, over sessions that are written as a whole. */
export class BlobHost implements Host {
  readonly #counts = new Map<string, number>();
  readonly #gates = new Gates((gate) => this.#counts.set(gate, this.count(gate) + 1));
  readonly #client: Client;
  url = '';

  constructor(redis: string) {
    this.#client = clientOf(redis);
  }

  /** Serves, and gives what ends that. */
  async start(rolling: boolean): Promise<() => Promise<void>> {
    await this.#client.connect();
    const app = express();
    const store = new BlobStore(this.#client);
    const cookie = { maxAge: 3_600_000 };
    const secret = 'a secret of at least thirty-two bytes';
    app.use(
      expressSession({
        store,
        secret,
        cookie,
        rolling,
        name: 'sid',
        resave: false,
        saveUninitialized: false,
      }),
    );
    this.#routes(app);
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      this.#client.destroy();
    };
  }

  count(gate: string): number {
    return this.#counts.get(gate) ?? 0;
  }

  open(gate: string): Promise<void> {
    this.#gates.open(gate);
    return Promise.resolve();
  }

  #routes(app: express.Express): void {
    const pass = ({ query }: express.Request) => this.#gates.pass(query['hold'] as string | undefined);
    app.get('/show', (request, response) => {
      void pass(request).then(() => response.json({ ...request.session, cookie: undefined }));
    });
    app.get('/set/:field', (request, response) => {
      void pass(request).then(() => {
        Reflect.set(request.session, request.params.field, 'set');
        response.json({});
      });
    });
    app.get('/logout', (request, response) => {
      request.session.destroy(() => response.json({}));
    });
  }
}
