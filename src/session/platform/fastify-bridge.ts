import { InvalidOptionsError } from '../../errors.js';
import { countAsSent } from './dropped-writes.js';

/** The session of a request, as far as Fastify's hooks are concerned. */
export interface BridgedSession {
  commit(): Promise<void> | undefined;
}

/** The parts of Fastify that are used. */
export interface FastifyInstance {
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: string, accessor: { getter(): unknown; setter(value: unknown): void }): unknown;
  addHook(name: string, hook: (...args: never[]) => void): unknown;
}

interface FastifyReply {
  readonly raw: object;
  getHeaders(): Record<string, HeaderValue | undefined>;
  header(name: string, value: HeaderValue): unknown;
  removeHeader(name: string): unknown;
}

type HeaderValue = number | string | string[];
type Done = (error?: unknown) => void;

/** What middleware puts on Node's request, and handlers look for on Fastify's. */
const MIRRORED = [
  ...['session', 'sessionID', 'sessionStore', 'user', 'flash'],
  ...['logIn', 'login', 'logOut', 'logout', 'isAuthenticated', 'isUnauthenticated', 'authInfo'],
  // Without them passport's methods do nothing, and say nothing: nobody would be logged out.
  ...['_passport', '_sessionManager', '_userProperty'],
];

/**
 * Makes sessions that middleware puts on Node's requests those of Fastify's, and stores them before a reply is sent: what
 * fails goes to Fastify's error handler, and with it to the application's filters.
 *
 * @throws InvalidOptionsError beside `@fastify/session`
 */
export function bridgeFastify(
  instance: FastifyInstance,
  find: (raw: object) => BridgedSession | undefined,
): void {
  if (instance.hasRequestDecorator('session')) {
    throw new InvalidOptionsError(
      'session',
      'cannot stand beside @fastify/session, or another plugin that decorates requests with a session: take one of both away',
    );
  }
  for (const name of MIRRORED) if (!instance.hasRequestDecorator(name)) mirror(instance, name);
  const starts = new WeakMap<object, Record<string, HeaderValue | undefined>>();
  instance.addHook('onRequest', ({ raw }: Mirrored, reply: FastifyReply, goOn: Done) => {
    const headers = find(raw) && reply.getHeaders();
    if (headers !== undefined && Object.keys(headers).length > 0) starts.set(raw, headers);
    goOn();
  });
  instance.addHook('onSend', ({ raw }: Mirrored, reply: FastifyReply, payload: unknown, goOn: Done) => {
    const commit = find(raw)?.commit();
    if (commit === undefined) return goOn();
    // An async handler that returns while its reply waits would be sent once more by Fastify: Nest 11 redirects so.
    const countAgain = countAsSent(reply.raw);
    commit.then(
      () => {
        countAgain();
        goOn();
      },
      (error: unknown) => {
        countAgain();
        dropPayload(payload);
        resetHeaders(reply, starts.get(raw) ?? {});
        goOn(error);
      },
    );
  });
}

interface Mirrored {
  readonly raw: object;
}

function mirror(instance: FastifyInstance, name: string): void {
  instance.decorateRequest(name, {
    getter(this: Mirrored) {
      return Reflect.get(this.raw, name) as unknown;
    },
    setter(this: Mirrored, value: unknown) {
      Reflect.set(this.raw, name, value);
    },
  });
}

/** Takes away what was set since. */
function resetHeaders(reply: FastifyReply, before: Record<string, HeaderValue | undefined>): void {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    const former = before[name];
    if (former === value) continue;
    reply.removeHeader(name);
    if (former !== undefined) reply.header(name, former);
  }
  for (const [name, value] of Object.entries(before)) {
    if (value !== undefined && reply.getHeaders()[name] === undefined) reply.header(name, value);
  }
}

function dropPayload(payload: unknown): void {
  if (typeof payload !== 'object' || payload === null) return;
  const { destroy, cancel } = payload as { destroy?: () => unknown; cancel?: () => Promise<unknown> };
  if (typeof destroy === 'function') destroy.call(payload);
  else if (typeof cancel === 'function') cancel.call(payload).catch(() => undefined);
}
