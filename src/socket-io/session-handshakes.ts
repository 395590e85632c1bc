import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Subscription } from 'rxjs';
import type { SessionMiddleware } from '../session/session-middleware.js';
import type { SessionService } from '../session/session.service.js';
import type { SessionEvent } from '../session/storage/session-event.js';
import type { Connection, SessionConnections } from './session-connections.js';

/** The engine of a socket.io server, as far as it concerns sessions. */
export interface Engine {
  use(middleware: EngineMiddleware): unknown;
  on(event: 'connection', listener: (connection: Connection) => void): unknown;
}

type EngineMiddleware = (request: EngineRequest, response: unknown, goOn: (error?: unknown) => void) => void;

/** A request of engine.io, which has parsed the query. */
type EngineRequest = IncomingMessage & {
  readonly _query: Readonly<Record<string, string>>;
  readonly sessionStore?: ReadingStore;
};

type Found = (error?: unknown, fields?: unknown) => void;

/** What `session.reload()` asks. */
interface ReadingStore {
  get(id: string, tell: Found): void;
}

/** Events after which there may be a session under this handle. All the others say that there is none (any more). */
const LIVING: ReadonlySet<SessionEvent['type']> = new Set(['created', 'failed', 'ambiguous']);

/** What sessions are to connections: read when one is opened, and the end of it when they end. */
export class SessionHandshakes {
  readonly #serve: SessionMiddleware;
  readonly #sessions: SessionService;
  readonly #connections: SessionConnections;
  readonly #handles = new WeakMap<object, string>();
  readonly #events: Subscription;

  constructor(serve: SessionMiddleware, sessions: SessionService, connections: SessionConnections) {
    this.#serve = serve;
    this.#sessions = sessions;
    this.#connections = connections;
    this.#events = sessions.events.subscribe(({ type, handle }) => {
      if (!LIVING.has(type)) connections.end(handle);
    });
  }

  /** Gives the connections of an engine sessions. */
  attach(engine: Engine): void {
    engine.use(this.#middleware);
    engine.on('connection', (connection) => {
      const handle = this.#handles.get(connection.request);
      if (handle !== undefined) this.#connections.add(handle, connection);
    });
  }

  /** Hears of no more sessions. */
  close(): void {
    this.#events.unsubscribe();
  }

  readonly #middleware: EngineMiddleware = (request, _response, goOn) => {
    // Gateways see the first request of a connection, and none of its polls and upgrades. As engine.io looks at it.
    const { _query: query } = request;
    if (query['sid']) return goOn();
    // That of the handshake is over before a gateway runs, so the session is given one that nobody sends. It ends at once: that
    // lengthens the session's life where that is due, and nobody gives it another id, which no cookie could tell.
    const response = new ServerResponse(request);
    let isOver = false;
    this.#serve(request, response, (error) => {
      // What cannot be stored any more is told to nobody.
      if (isOver) return;
      isOver = true;
      if (error === undefined) this.#begin(request);
      response.end();
      goOn(error);
    });
  };

  #begin(request: EngineRequest): void {
    const handle = this.#sessions.handleOf(request);
    if (handle === undefined) return;
    this.#handles.set(request, handle);
    this.#watchReloads(request, handle);
  }

  #watchReloads({ sessionStore: store }: EngineRequest, handle: string): void {
    if (store === undefined) return;
    const get = store.get.bind(store);
    store.get = (id, tell) =>
      get(id, (error, fields) => {
        if (!error && fields === undefined) this.#connections.end(handle);
        tell(error, fields);
      });
  }
}
