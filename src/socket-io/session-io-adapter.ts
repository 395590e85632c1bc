import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { systemClock } from '../clock.js';
import { SESSION_MIDDLEWARE } from '../di/tokens.js';
import { InvalidOptionsError } from '../errors.js';
import type { SessionMiddleware } from '../session/session-middleware.js';
import { SessionService } from '../session/session.service.js';
import { SessionConnections } from './session-connections.js';
import { SessionHandshakes, type Engine } from './session-handshakes.js';

/**
 * Nest's adapter for socket.io, whose gateways find the session of the browser in `client.request.session`:
 * `app.useWebSocketAdapter(new SessionIoAdapter(app))`.
 *
 * The session is read once, when a connection is opened: one round trip, none without a cookie. Where Redis is away the connection is
 * refused, or with `onUnavailable: 'anonymous'` has a session that holds nothing and takes nothing. `session.reload(callback)` reads it
 * again, `session.save(callback)` stores what was changed. No cookie is ever set.
 *
 * When this process ends a session, gives it another id, or finds it gone, the connections of the session are closed; the client connects
 * anew by itself, with the cookie that it has then.
 */
export class SessionIoAdapter extends IoAdapter {
  readonly #handshakes: SessionHandshakes;

  /** @throws InvalidOptionsError when the application has no sessions */
  constructor(app: INestApplicationContext) {
    super(app);
    const { middleware, service } = sessionsOf(app);
    this.#handshakes = new SessionHandshakes(middleware, service, new SessionConnections(systemClock));
  }

  override createIOServer(
    ...args: Parameters<IoAdapter['createIOServer']>
  ): ReturnType<IoAdapter['createIOServer']> {
    const server = super.createIOServer(...args);
    const engine: Engine = server.engine;
    this.#handshakes.attach(engine);
    return server;
  }

  override async dispose(): Promise<void> {
    this.#handshakes.close();
    await super.dispose();
  }
}

function sessionsOf(app: INestApplicationContext): {
  middleware: SessionMiddleware;
  service: SessionService;
} {
  try {
    return { middleware: app.get<SessionMiddleware>(SESSION_MIDDLEWARE), service: app.get(SessionService) };
  } catch {
    throw new InvalidOptionsError(
      'options.session',
      'is not given, so there are no sessions for SessionIoAdapter',
    );
  }
}
