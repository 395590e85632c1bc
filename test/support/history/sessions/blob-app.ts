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
import type { VisitedApp, VisitQuery } from './visited-app.js';

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
  app.get('/act/:operation', (request, response, next) => {
    act(request as unknown as AnyRequest, request.params.operation as VisitOperation).then(
      (held) => (held === undefined ? response.status(409).end() : response.json(held)),
      next,
    );
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
    client.destroy();
  };
  return { name: 'blob', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** Does what a request asks for, and gives what its session held before. `undefined` = it cannot, and nothing was done. */
async function act(request: AnyRequest, operation: VisitOperation): Promise<object | undefined> {
  // Nobody knows whose sessions there are.
  if (operation === 'end all') return undefined;
  const query = request.query as unknown as VisitQuery;
  const held = { ...request.session, cookie: undefined };
  await sleep(Number(query.think));
  await ACTS[operation](request, query);
  return held;
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
