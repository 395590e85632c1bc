import type { IncomingHttpHeaders } from 'node:http';
import type { Observable } from 'rxjs';
import type { BackgroundLimits, Capture, Exchange, Offer, ResponseHead } from './exchange.js';
import { runExpressAgain } from './express-background.js';
import { captureExpress, headOf } from './express-capture.js';
import type { ExpressRequest, ExpressResponse } from './express-response.js';
import { closed, onceClosed } from './head-capture.js';
import { fieldText, headerFields, type HeaderFields, type HeaderValue } from '../rule/header-fields.js';
import { shadowMethod } from './method-shadow.js';
import { startOf, type ResponseStart } from './response-start.js';
import { restoreHeaders, withMembers } from './restore-headers.js';
import type { StoredResponse } from '../rule/stored-response.js';

/** A request and its response on Express. Conditional requests are answered by Express itself, on hits and on misses. */
export class ExpressExchange implements Exchange {
  readonly request: ExpressRequest;
  readonly repeatable = true;
  readonly #response: ExpressResponse;
  #start: Start | undefined;

  constructor(request: ExpressRequest, response: ExpressResponse) {
    this.request = request;
    this.#response = response;
  }

  get method(): string {
    return this.request.method;
  }

  get url(): string {
    return this.request.url;
  }

  get originalUrl(): string {
    return this.request.originalUrl ?? this.request.url;
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers;
  }

  get params(): Readonly<Record<string, unknown>> {
    return this.request.params ?? {};
  }

  hosts(): readonly string[] {
    const { host = '' } = this.request.headers;
    return [this.request.host ?? host, host];
  }

  identified(): boolean {
    return Boolean(this.request.user);
  }

  field(name: string): HeaderValue | undefined {
    return fieldText(this.#response.getHeader(name));
  }

  fields(): HeaderFields {
    return this.#before().fields;
  }

  addHeader(name: string, value: string): void {
    this.#response.setHeader(name, withMembers(this.#response.getHeader(name), value));
  }

  setHeader(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  reset(): void {
    const { status, headers } = this.#before();
    const response = this.#response;
    for (const name of Object.keys(response.getHeaders())) response.removeHeader(name);
    for (const [name, value] of headers) response.setHeader(name, value as string);
    response.status(status);
  }

  onClose(callback: () => void): void {
    onceClosed(this.#response, callback);
  }

  capture(offer: Offer, maxBodyBytes?: number): Capture {
    return captureExpress(this.request, this.#response, offer, maxBodyBytes);
  }

  replay(stored: StoredResponse): unknown {
    return replay(this.#response, stored);
  }

  replayAsMade(stored: StoredResponse): unknown {
    return replay(this.#response, stored);
  }

  head(): ResponseHead {
    return headOf(this.#response);
  }

  async background(run: () => Observable<unknown>, offer: Offer, limits: BackgroundLimits): Promise<void> {
    const answered = { request: this.request, response: this.#response, start: this.#before() };
    if (await closed(this.#response, limits.clock)) await runExpressAgain(answered, run, offer, limits);
  }

  #before(): Start {
    return (this.#start ??= startWithFields(this.#response));
  }
}

interface Start extends ResponseStart {
  readonly fields: HeaderFields;
}

function startWithFields(response: ExpressResponse): Start {
  const start = startOf(response);
  return { ...start, fields: headerFields(Object.fromEntries(start.headers)) };
}

function replay(response: ExpressResponse, { status, headers, body }: StoredResponse): unknown {
  response.status(status);
  restoreHeaders(headers, {
    get: (name) => response.getHeader(name),
    set: (name, value) => response.setHeader(name, value),
    remove: (name) => response.removeHeader(name),
  });
  if (body === null) return null;
  // Nest would turn a Buffer into JSON, so it is given a string, and the bytes go in its place.
  shadowMethod(response, 'send', (send) => send(body));
  return '';
}
