import {
  Controller,
  Get,
  Param,
  Query,
  Req,
  ServiceUnavailableException,
  type DynamicModule,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisCacheModule, SessionService, type SessionOptions } from '../../../../src/index.js';
import type { AnyApplication, Platform } from '../../../e2e/session/session-app.js';
import { done, type AnyRequest } from '../../../e2e/session/session-routes.js';
import type { VisitFields, VisitOperation } from './visit.js';

/** What a request of a visitor says beside its operation. */
export interface VisitQuery {
  readonly tab: string;
  readonly number: string;
  readonly owner: string;
  readonly person: string;
  readonly grace: string;
  /** Milliseconds between what is read and what is done. */
  readonly think: string;
}

/** An application that people visit. */
export interface VisitedApp {
  readonly name: string;
  readonly url: string;
  /** What the session held that was given to the request with that `owner`. `undefined` = no handler was called for it. */
  heldBy(owner: string): VisitFields | undefined;
  close(): Promise<void>;
}

/** What sessions held that were given to requests: a response that fails does not say. */
export class HeldFields {
  readonly #held = new Map<string, VisitFields>();

  note({ session }: AnyRequest, { owner }: VisitQuery): void {
    this.#held.set(owner, JSON.parse(JSON.stringify({ ...session, cookie: undefined })) as VisitFields);
  }

  of(owner: string): VisitFields | undefined {
    return this.#held.get(owner);
  }
}

/** Does with a session what a request asks for. */
type Act = (request: AnyRequest, query: VisitQuery, sessions: SessionService) => unknown;

const ACTS: Record<VisitOperation, Act> = {
  read: () => undefined,
  write: note,
  async rotate(request, query, sessions) {
    begin(request, query);
    await sessions.rotate(request, { grace: Number(query.grace) });
    note(request, query);
  },
  async login(request, query, sessions) {
    begin(request, query);
    await sessions.login(request, { user: query.person });
    note(request, query);
  },
  async regenerate(request, query) {
    await done((callback) => request.session.regenerate(callback));
    note(request, query);
  },
  logout: ({ session }) => done((callback) => session.destroy(callback)),
  'end all': (_, { person }, sessions) =>
    sessions.destroyAll(person).catch((cause: unknown) => {
      throw new ServiceUnavailableException('Try again.', { cause });
    }),
};

/** Starts an application over these sessions. */
export async function startVisitedApp(
  platform: Platform,
  redis: string,
  session: Partial<SessionOptions> & { readonly prefix: string },
): Promise<VisitedApp> {
  const connection = { url: redis, deadline: 150, connect: 'required' } as const;
  const options = {
    secret: 'a secret of at least thirty-two bytes',
    userId: ({ user }: Readonly<Record<string, unknown>>) => user as string | undefined,
    // What was not stored is not answered 200.
    onGone: 'error',
    ...session,
  } as const;

  const held = new HeldFields();

  @Controller()
  class Visits {
    @Get('act/:operation')
    async act(
      @Req() request: AnyRequest,
      @Param('operation') operation: VisitOperation,
      @Query() query: VisitQuery,
    ) {
      held.note(request, query);
      await sleep(Number(query.think));
      await ACTS[operation](request, query, app.get(SessionService));
    }
  }

  const root: DynamicModule = {
    module: class Root {},
    imports: [RedisCacheModule.forRoot({ connection, session: options })],
    controllers: [Visits],
  };
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app: AnyApplication = await NestFactory.create<AnyApplication>(root, adapter, { logger: false });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    name: platform,
    url: `http://127.0.0.1:${port}`,
    heldBy: (owner) => held.of(owner),
    close: () => app.close(),
  };
}

function begin({ session }: AnyRequest, { owner }: VisitQuery): void {
  session['owner'] ??= owner;
}

function note(request: AnyRequest, query: VisitQuery): void {
  begin(request, query);
  request.session[query.tab] = Number(query.number);
}
