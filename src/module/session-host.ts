import { Logger } from '@nestjs/common';
import type { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { systemClock } from '../clock.js';
import type { ManagedConnection } from '../connection/managed-connection.js';
import { expressSession } from '../session/express-session.js';
import { bridgeFastify, type FastifyInstance } from '../session/platform/fastify-bridge.js';
import type { ResolvedSession } from '../session/resolve-session-options.js';
import { ServedSessions, type SessionMiddleware } from '../session/session-middleware.js';
import { SessionService } from '../session/session.service.js';
import { redisSessionStorage, type ManagedSessionStorage } from '../session/storage/redis-session-storage.js';
import { checkEviction } from './check-eviction.js';
import { nestSessionEvents, SessionEvents, sessionLog } from './session-events.js';

/** What the sessions of an application are made of. */
export interface SessionHostParts {
  readonly settings: ResolvedSession;
  readonly connection: ManagedConnection;
  readonly adapterHost: HttpAdapterHost;
  readonly modules: ModuleRef;
}

/** The sessions of one application, from its start to its end. */
export class SessionHost {
  readonly service: SessionService;
  readonly #parts: SessionHostParts;
  readonly #log = new Logger('RedisCache');
  readonly #events = new SessionEvents();
  readonly #storage: ManagedSessionStorage;
  readonly #served: ServedSessions;
  #hasWarned = false;

  /** @throws InvalidOptionsError when express-session is not installed */
  constructor(parts: SessionHostParts) {
    const { settings, connection, adapterHost } = parts;
    const { ttl, onGone } = settings.storage;
    const { report } = this.#events;
    this.#parts = parts;
    this.#events.listen(sessionLog(this.#log, systemClock));
    this.#storage = redisSessionStorage({
      connection,
      settings: settings.storage,
      clock: systemClock,
      report,
    });
    this.#served = new ServedSessions(
      {
        storage: this.#storage,
        rules: { ...settings, ttl, onGone },
        classes: expressSession(),
        report,
        insecure: () => this.#warnOfInsecure(),
      },
      () => adapterHost.httpAdapter?.getType() === 'fastify',
    );
    this.service = new SessionService({
      storage: this.#storage,
      requests: this.#served,
      settings: settings.storage,
      clock: systemClock,
      listen: this.#events.listen,
    });
  }

  get middleware(): SessionMiddleware {
    return this.#served.middleware;
  }

  /**
   * Puts the middleware in front of that of all modules. To be called while modules configure theirs, which the adapter takes
   * later.
   *
   * @throws InvalidOptionsError beside `@fastify/session`
   */
  install(): void {
    const { httpAdapter } = this.#parts.adapterHost;
    httpAdapter.use(this.middleware);
    if (httpAdapter.getType() !== 'fastify') return;
    bridgeFastify(httpAdapter.getInstance<FastifyInstance>(), this.#served.find);
  }

  /** @throws InvalidOptionsError when Redis may evict sessions, and nobody has said that it may */
  async start(): Promise<void> {
    const { settings, connection, modules } = this.#parts;
    for (const line of settings.warnings) this.#log.warn(line);
    const warning = settings.storage.allowEviction ? undefined : await checkEviction(connection);
    if (warning !== undefined) this.#log.warn(warning);
    const emit = await nestSessionEvents(modules);
    if (emit !== undefined) this.#events.listen(emit);
    this.#storage.start();
  }

  /** Ends what runs in the background. */
  close(): Promise<void> {
    return this.#storage.close();
  }

  #warnOfInsecure(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log.warn(
      'A session was stored whose cookie is not sent, since it only goes over HTTPS and the request came without. Behind a ' +
        'proxy that ends HTTPS, trust it: app.set("trust proxy", …) on Express, trustProxy of the adapter on Fastify.',
    );
  }
}
