import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { RedisCacheModule, type SessionOptions } from '../../../src/index.js';
import { SessionService } from '../../../src/session/session.service.js';
import type { AnyApplication, Platform } from '../../e2e/session/session-app.js';
import type { Gates } from './gates.js';
import { sessionHandlers } from './session-handlers.js';

/** What the sessions of a server are like. The same prefix = the same sessions. */
export type ServerSessions = Partial<SessionOptions> & { readonly prefix: string };

export interface ServerOptions {
  readonly platform: Platform;
  readonly redis: string;
  readonly session: ServerSessions;
  readonly gates: Gates;
  /** Milliseconds that Redis has for an answer. By default, a busy machine is no outage. */
  readonly deadline?: number;
}

/** An application that serves the routes of `sessionHandlers`. */
export interface RunningServer {
  readonly url: string;
  readonly service: SessionService;
  close(): Promise<void>;
}

const SECRET = 'a secret of at least thirty-two bytes';

/** Starts an application as users do, with nothing between a failure and the client but Nest itself. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { platform, redis, session, gates, deadline = 5_000 } = options;
  const connection = { url: redis, deadline, connect: 'required' } as const;
  const userId = ({ user }: Readonly<Record<string, unknown>>) => user as string | undefined;
  const root: DynamicModule = {
    module: class Root {},
    imports: [RedisCacheModule.forRoot({ connection, session: { secret: SECRET, userId, ...session } })],
    controllers: [sessionHandlers(gates, () => app.get(SessionService))],
  };
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app: AnyApplication = await NestFactory.create<AnyApplication>(root, adapter, {
    logger: false,
    abortOnError: false,
  });
  try {
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  const { port } = app.getHttpServer().address() as AddressInfo;
  const service = app.get(SessionService);
  return { url: `http://127.0.0.1:${port}`, service, close: () => app.close() };
}
