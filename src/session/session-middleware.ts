import { BadRequestException, HttpException, InternalServerErrorException } from '@nestjs/common';
import { noteSession } from '../di/session-notice.js';
import type { NodeResponse } from './platform/node-response.js';
import { holdResponse, type HeadGate } from './platform/response-hold.js';
import type { SessionHead } from './platform/session-fields.js';
import { handleOf } from './record/session-ids.js';
import { refuseMethodNames } from './request/owned-session.js';
import { ReadOnlySession } from './request/read-only-session.js';
import { RequestSession } from './request/request-session.js';
import type { ServedSession } from './request/served-session.js';
import { bindSessions } from './request/bound-session.js';
import { SessionCookies } from './request/session-cookie.js';
import { failedEvent, isUnavailable, RETRY_AFTER, sessionFailure } from './request/session-failure.js';
import { isSecure, pathMatches, pathOf, type SessionRequest } from './request/session-request.js';
import type { RequestParts, SessionParts } from './request/session-parts.js';
import type { SessionFields } from './record/session-record.js';
import type { RequestSessions } from './storage/request-sessions.js';
import type { LoginAttempt } from './storage/session-storage.js';

type Next = (error?: unknown) => void;

/** Middleware of Express, and of Fastify by middie. */
export type SessionMiddleware = (request: SessionRequest, response: NodeResponse, goOn: Next) => void;

/** Gives sessions to the requests of one application, and stores them before the heads of responses go out. */
export class ServedSessions implements RequestSessions {
  readonly #parts: RequestParts;
  readonly #answersItself: () => boolean;
  readonly #served = new WeakMap<object, ServedSession>();

  /** `answersItself`: whether errors of responses that have begun reach no filter by `goOn`, as on Fastify. */
  constructor(parts: SessionParts, answersItself: () => boolean) {
    this.#parts = {
      ...parts,
      cookies: new SessionCookies(parts),
      BoundSession: bindSessions(parts.classes),
    };
    this.#answersItself = answersItself;
  }

  /** Middleware that may stand at several places: the first one counts. */
  readonly middleware: SessionMiddleware = (request, response, goOn) => {
    if (this.#served.has(request) || !this.#applies(request)) return goOn();
    const { cookies, report } = this.#parts;
    addSecure(request);
    const [id, ...others] = cookies.idsIn(request.headers.cookie);
    if (id === undefined) {
      this.#serve(request, response, goOn, new RequestSession(request, this.#parts));
      return goOn();
    }
    if (others.length === 0) return this.#read(id, request, response, goOn);
    report({ type: 'ambiguous', handle: handleOf(id), others: others.map(handleOf) });
    this.#serve(request, response, goOn, new ReadOnlySession(request, this.#parts, ambiguous));
    goOn();
  };

  /** The session of a request of Node. */
  readonly find = (request: object): ServedSession | undefined => this.#served.get(request);

  check(fields: SessionFields): void {
    refuseMethodNames(fields, this.#parts.BoundSession.prototype);
  }

  handle(request: object): string | undefined {
    return this.#of(request)?.handle;
  }

  rotate(request: object, grace: number): Promise<void> {
    return told(this.#required(request).rotate(grace));
  }

  login(request: object, fields: SessionFields, attempt?: LoginAttempt): Promise<void> {
    return told(this.#required(request).login(fields, attempt));
  }

  #applies(request: SessionRequest): boolean {
    const path = pathOf(request);
    const { excludes, cookie } = this.#parts.rules;
    return !excludes(path) && pathMatches(path, cookie.path);
  }

  #read(id: string, request: SessionRequest, response: NodeResponse, goOn: Next): void {
    const parts = this.#parts;
    parts.storage.read(id).then(
      (record) => {
        const found = record && { id, record };
        this.#serve(request, response, goOn, new RequestSession(request, parts, found));
        goOn();
      },
      (cause: unknown) => {
        const event = failedEvent(id, cause);
        if (event !== undefined) parts.report(event);
        const failure = (): Error => sessionFailure(cause);
        if (parts.rules.onUnavailable === 'fail') return goOn(announced(failure(), response));
        this.#serve(request, response, goOn, new ReadOnlySession(request, parts, failure));
        goOn();
      },
    );
  }

  #serve(request: SessionRequest, response: NodeResponse, goOn: Next, session: ServedSession): void {
    this.#served.set(request, session);
    noteSession(request, session);
    holdResponse(response, new SessionGate(session, response, goOn, this.#answersItself));
  }

  #of(request: object): ServedSession | undefined {
    const raw: unknown = Reflect.get(request, 'raw');
    return (
      this.#served.get(request) ??
      (typeof raw === 'object' && raw !== null ? this.#served.get(raw) : undefined)
    );
  }

  #required(request: object): ServedSession {
    const session = this.#of(request);
    if (session !== undefined) return session;
    throw new TypeError('The request has no session: its path is excluded, or the middleware has not run.');
  }
}

/** What fails is what filters are to see. */
function told(work: Promise<void>): Promise<void> {
  return work.catch((error: unknown) => {
    throw sessionFailure(error);
  });
}

function ambiguous(): HttpException {
  return new BadRequestException('The request came with cookies of several sessions.');
}

/** Express has `secure` on requests; what is written for it looks there on Fastify too. */
function addSecure(request: SessionRequest): void {
  if (!('secure' in request)) Reflect.set(request, 'secure', isSecure(request));
}

/** Opens when the session of the request is stored. */
class SessionGate implements HeadGate {
  readonly #session: ServedSession;
  readonly #response: NodeResponse;
  readonly #goOn: Next;
  readonly #answersItself: () => boolean;

  constructor(session: ServedSession, response: NodeResponse, goOn: Next, answersItself: () => boolean) {
    this.#session = session;
    this.#response = response;
    this.#goOn = goOn;
    this.#answersItself = answersItself;
  }

  open(): Promise<void> | undefined {
    return this.#session.commit();
  }

  head(): SessionHead {
    const { cookie, wasRead, hasFailed } = this.#session;
    return { cookie, varies: wasRead, retryAfter: hasFailed ? RETRY_AFTER : undefined };
  }

  refuse(error: unknown): void {
    const failure = announced(sessionFailure(error), this.#response);
    if (this.#answersItself()) answerPlainly(this.#response, failure);
    else this.#goOn(failure);
  }
}

/** What a client gets in the place of a response, which says when to ask again where that may help. */
function announced(failure: Error, response: NodeResponse): Error {
  if (isUnavailable(failure)) response.setHeader('Retry-After', RETRY_AFTER);
  return failure;
}

/** As Nest answers where no filter does. */
function answerPlainly(response: NodeResponse, failure: Error): void {
  const error = failure instanceof HttpException ? failure : new InternalServerErrorException();
  const body = Buffer.from(JSON.stringify(error.getResponse()));
  response.statusCode = error.getStatus();
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', body.length);
  response.end(body);
}
