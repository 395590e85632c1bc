import { RedisStore } from 'connect-redis';
import express from 'express';
import expressSession from 'express-session';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { done, type AnyRequest, type AnySession } from '../../../e2e/session/session-routes.js';
import type { VisitOperation } from './visit.js';
import { HeldFields, type VisitedApp, type VisitQuery } from './visited-app.js';

const ACTS: Record<
  Exclude<VisitOperation, 'end all'>,
  (request: AnyRequest, query: VisitQuery) => unknown
> = {
  read: () => undefined,
  write: ({ session }, query) => note(session, query),
  rotate: (request, query) => renew(request, query),
  login: (request, query) => renew(request, query, { user: query.person }),
  async regenerate(request, query) {
    await done((callback) => request.session.regenerate(callback));
    note(request.session, query);
  },
  logout: ({ session }) => done((callback) => session.destroy(callback)),
};

/** An application over express-session and connect-redis, which stores sessions as a whole. */
export async function startBlobApp(redis: string, prefix: string): Promise<VisitedApp> {
  const client = createClient({ url: redis });
  await client.connect();
  const app = express();
  app.use(
    expressSession({
      store: new RedisStore({ client, prefix }),
      secret: 'a secret of at least thirty-two bytes',
      name: 'sid',
      resave: false,
      saveUninitialized: false,
    }),
  );
  const held = new HeldFields();
  app.get('/act/:operation', (request, response, next) => {
    const operation = request.params.operation as VisitOperation;
    // Nobody knows whose sessions there are: that is refused, and ends nothing.
    if (operation === 'end all') return void response.status(409).end();
    act(request as unknown as AnyRequest, operation, held).then(() => response.end(), next);
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
    client.destroy();
  };
  const { port } = server.address() as AddressInfo;
  return { name: 'blob', url: `http://127.0.0.1:${port}`, heldBy: (owner) => held.of(owner), close };
}

async function act(request: AnyRequest, operation: keyof typeof ACTS, held: HeldFields): Promise<void> {
  const query = request.query as unknown as VisitQuery;
  held.note(request, query);
  await sleep(Number(query.think));
  await ACTS[operation](request, query);
}

/** As applications do where the library cannot: a new session that holds what the old one held. */
async function renew(request: AnyRequest, query: VisitQuery, more: object = {}): Promise<void> {
  const { cookie: _, ...fields } = request.session;
  await done((callback) => request.session.regenerate(callback));
  Object.assign(request.session, fields, more);
  note(request.session, query);
}

function note(session: AnySession, { owner, tab, number }: VisitQuery): void {
  session['owner'] ??= owner;
  session[tab] = Number(number);
}
