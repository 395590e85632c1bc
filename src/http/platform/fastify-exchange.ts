import type { IncomingHttpHeaders } from 'node:http';
import type { Observable } from 'rxjs';
import { isNotModified, type Validators } from '../rule/conditional-request.js';
import type { BackgroundLimits, Capture, Exchange, Offer, ResponseHead } from './exchange.js';
import { runFastifyAgain } from './fastify-background.js';
import { captureFastify } from './fastify-capture.js';
import type { FastifyReply, FastifyRequest } from './fastify-reply.js';
import { hasPreSerialization } from './fastify-serializer.js';
import { closed, onceClosed } from './head-capture.js';
import {
  fieldText,
  fieldValue,
  headerFields,
  type HeaderFields,
  type HeaderValue,
} from '../rule/header-fields.js';
import { startOf, type RawHeaderValue, type ResponseStart } from './response-start.js';
import { restoreHeaders, withMembers } from './restore-headers.js';
import type { StoredHeader, StoredResponse } from '../rule/stored-response.js';

/** The fields of a 304 (RFC 9110 section 15.4.5), and the age of what it is about. */
const OF_NOT_MODIFIED = new Set([
  'age',
  'cache-control',
  'content-location',
  'date',
  'etag',
  'expires',
  'vary',
]);

/** A request and its response on Fastify, which answers no conditional requests itself: hits do here. */
export class FastifyExchange implements Exchange {
  readonly request: FastifyRequest;
  readonly #reply: FastifyReply;
  #start: Start | undefined;

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.request = request;
    this.#reply = reply;
  }

  get method(): string {
    return this.request.raw.method ?? '';
  }

  get url(): string {
    return this.request.raw.url ?? '';
  }

  get originalUrl(): string {
    return this.request.originalUrl ?? this.url;
  }

  get headers(): IncomingHttpHeaders {
    return this.request.raw.headers;
  }

  get params(): Readonly<Record<string, unknown>> {
    return (this.request.params ?? {}) as Readonly<Record<string, unknown>>;
  }

  /** Only Fastify can run those hooks, for a response that it sends. */
  get repeatable(): boolean {
    return !hasPreSerialization(this.#reply);
  }

  hosts(): readonly string[] {
    const host = String(this.headers.host ?? this.headers[':authority'] ?? '');
    return [this.request.host ?? host, host];
  }

  identified(): boolean {
    return Boolean(this.request.user) || Boolean(this.request.raw.user);
  }

  field(name: string): HeaderValue | undefined {
    return fieldText(this.#reply.getHeader(name));
  }

  fields(): HeaderFields {
    return this.#before().fields;
  }

  addHeader(name: string, value: string): void {
    this.#reply.header(name, withMembers(this.#reply.getHeader(name), value));
  }

  setHeader(name: string, value: string): void {
    this.#reply.header(name, value);
  }

  reset(): void {
    const { status, own } = this.#before();
    const reply = this.#reply;
    for (const name of Object.keys(reply.getHeaders())) remove(reply, name);
    for (const [name, value] of own) if (value !== undefined) reply.header(name, value as string);
    reply.code(status);
  }

  onClose(callback: () => void): void {
    onceClosed(this.#reply.raw, callback);
  }

  capture(offer: Offer, maxBodyBytes?: number): Capture {
    return captureFastify(this.request, this.#reply, offer, maxBodyBytes);
  }

  replay(stored: StoredResponse): unknown {
    return isNotModified(this.headers, validatorsOf(stored))
      ? replayNotModified(this.#reply, stored)
      : replayWhole(this.#reply, stored);
  }

  replayAsMade(stored: StoredResponse): unknown {
    return replayWhole(this.#reply, stored);
  }

  head(): ResponseHead {
    return headOf(this.#reply);
  }

  async background(run: () => Observable<unknown>, offer: Offer, limits: BackgroundLimits): Promise<void> {
    const start = this.#before();
    if (!(await closed(this.#reply.raw, limits.clock))) return;
    await runFastifyAgain({ reply: this.#reply, start, headers: start.own }, run, offer, limits);
  }

  #before(): Start {
    return (this.#start ??= startWithFields(this.#reply));
  }
}

interface Start extends ResponseStart {
  /** Fields of the reply, which has those of Node's response too. */
  readonly own: ReadonlyMap<string, RawHeaderValue | undefined>;
  readonly fields: HeaderFields;
}

function startWithFields(reply: FastifyReply): Start {
  const own = new Map(Object.entries(reply.getHeaders()));
  return { ...startOf(reply.raw), own, fields: headerFields(Object.fromEntries(own)) };
}

function headOf(reply: FastifyReply): ResponseHead {
  return { status: reply.statusCode, fields: headerFields(reply.getHeaders()), names: NO_NAMES };
}

/** Fastify keeps names in lower case only. */
const NO_NAMES: ReadonlyMap<string, string> = new Map();

function replayWhole(reply: FastifyReply, { status, headers, body }: StoredResponse): unknown {
  reply.code(status);
  restore(reply, headers);
  return body ?? undefined;
}

function replayNotModified(reply: FastifyReply, stored: StoredResponse): undefined {
  reply.code(304);
  for (const name of ['content-type', 'content-length', 'content-encoding']) remove(reply, name);
  const { etag } = validatorsOf(stored);
  const sent = stored.headers.filter(({ name }) => {
    const lower = name.toLowerCase();
    return OF_NOT_MODIFIED.has(lower) || (lower === 'last-modified' && etag === undefined);
  });
  restore(reply, sent);
  return undefined;
}

function validatorsOf({ status, headers }: StoredResponse): Validators {
  const find = (wanted: string) => {
    const value = fieldValue(headers, wanted);
    return typeof value === 'string' ? value : undefined;
  };
  return { status, etag: find('etag'), lastModified: find('last-modified') };
}

/** Older versions of Fastify leave a field that middleware set on Node's response. */
function remove(reply: FastifyReply, name: string): void {
  reply.removeHeader(name);
  reply.raw.removeHeader(name);
}

function restore(reply: FastifyReply, headers: readonly StoredHeader[]): void {
  restoreHeaders(headers, {
    get: (name) => reply.getHeader(name),
    set: (name, value) => reply.header(name, value),
    remove: (name) => remove(reply, name),
  });
}
