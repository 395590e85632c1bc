import type { CallHandler, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { of, type Observable } from 'rxjs';
import { systemClock } from '../../../src/clock.js';
import { hideConditions } from '../../../src/http/rule/conditional-request.js';
import type { CapturedResponse, Exchange, Offer } from '../../../src/http/platform/exchange.js';
import { findExchange } from '../../../src/http/platform/find-exchange.js';
import { captureResult } from '../../../src/http/platform/handler-result.js';
import { offerConditions, renewUnmodified } from '../../../src/http/platform/handler-validation.js';
import { fieldsSince } from '../../../src/http/rule/header-fields.js';
import type { SentHead } from '../../../src/http/platform/head-capture.js';
import { conditionsOf } from '../../../src/http/rule/revalidation.js';
import type { StoredResponse } from '../../../src/http/rule/stored-response.js';
import type { Platform } from './response-app.js';

type AnyApplication = NestExpressApplication & NestFastifyApplication;

/** What stands in for the rules of a cache. */
export interface ExchangeAppOptions {
  readonly platform: Platform;
  readonly controllers: Type[];
  readonly adapter?: ExpressAdapter | FastifyAdapter;
  readonly prepare?: (app: AnyApplication) => unknown;
  /** The statuses that are stored beside 200. */
  readonly statuses?: readonly number[];
  readonly maxBodyBytes?: number;
  /** What is done with a stored response: it is served; served and renewed behind; or its handler is asked. */
  readonly hit?: 'serve' | 'refresh' | 'revalidate';
  readonly timeout?: number;
  /** Members that are added to fields of hits. */
  readonly adds?: Readonly<Record<string, string>>;
}

/** An application whose outermost interceptor stores all that it is offered by what stands on the platform. */
export interface ExchangeApp {
  readonly url: string;
  readonly app: AnyApplication;
  /** By path. */
  readonly stored: Map<string, StoredResponse>;
  readonly offered: CapturedResponse[];
  readonly heads: SentHead[];
  /** Every exchange, in the order of the requests. */
  readonly exchanges: Exchange[];
  /** The background runs. */
  readonly refreshes: Promise<void>[];
  close(): Promise<void>;
}

const PER_MESSAGE = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']);

export async function startExchangeApp(options: ExchangeAppOptions): Promise<ExchangeApp> {
  const record = {
    stored: new Map<string, StoredResponse>(),
    offered: [] as CapturedResponse[],
    heads: [] as SentHead[],
    exchanges: [] as Exchange[],
    refreshes: [] as Promise<void>[],
  };
  const interceptor: NestInterceptor = {
    intercept: (context, next) => intercept(options, record, context, next),
  };
  const plain = () => (options.platform === 'express' ? new ExpressAdapter() : new FastifyAdapter());
  const root = { module: class Root {}, controllers: options.controllers };
  const app = await NestFactory.create<AnyApplication>(root, options.adapter ?? plain(), {
    logger: false,
    forceCloseConnections: true,
  });
  app.useGlobalInterceptors(interceptor);
  await options.prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { ...record, url: `http://127.0.0.1:${port}`, app, close: () => app.close() };
}

type Recorded = Pick<ExchangeApp, 'stored' | 'offered' | 'heads' | 'exchanges' | 'refreshes'>;

function intercept(
  options: ExchangeAppOptions,
  record: Recorded,
  context: ExecutionContext,
  next: CallHandler,
): Observable<unknown> {
  const http = context.switchToHttp();
  const exchange = findExchange(http.getRequest(), http.getResponse()) as Exchange;
  record.exchanges.push(exchange);
  exchange.fields();
  const { hit = 'serve', adds = {} } = options;
  const old = record.stored.get(exchange.url);
  if (old === undefined || hit === 'revalidate') return run(options, record, exchange, next, old);
  if (hit === 'refresh') {
    const limits = { clock: systemClock, timeout: options.timeout ?? 5_000, maxBodyBytes: 1024 * 1024 };
    const again = () => {
      const show = hideConditions(exchange.headers);
      return captureResult(next.handle(), { complete() {}, cancel() {} }, show);
    };
    record.refreshes.push(exchange.background(again, offerOf(record, exchange), limits));
  }
  const reply = exchange.replay(old);
  for (const [name, value] of Object.entries(adds)) exchange.addHeader(name, value);
  return of(reply);
}

function run(
  { statuses = [], maxBodyBytes }: ExchangeAppOptions,
  record: Recorded,
  exchange: Exchange,
  next: CallHandler,
  old: StoredResponse | undefined,
): Observable<unknown> {
  const capture = exchange.capture(offerOf(record, exchange), maxBodyBytes);
  const rules = { keeps: (status: number) => statuses.includes(status) };
  if (old === undefined) {
    return captureResult(next.handle(), capture, hideConditions(exchange.headers), rules);
  }
  const showConditions = offerConditions(exchange.headers, conditionsOf(old) ?? {});
  const renewed = renewUnmodified(next.handle(), exchange, ({ added }) => ({
    ...old,
    headers: [
      ...old.headers.filter(({ name }) => !added.has(name.toLowerCase())),
      ...[...added].map(([name, value]) => ({ name, value })),
    ],
  }));
  return captureResult(renewed, capture, showConditions, rules);
}

function offerOf({ offered, heads, stored }: Recorded, exchange: Exchange): Offer {
  return (captured) => {
    offered.push(captured);
    const { status, fields, names, body } = captured;
    const added = [...fieldsSince(exchange.fields(), fields, new Set())].filter(
      ([name]) => !PER_MESSAGE.has(name),
    );
    const headers = added.map(([name, value]) => ({ name: names.get(name) ?? name, value }));
    return (head) => {
      heads.push(head);
      stored.set(exchange.url, { status, createdAt: 0, expiresAt: Infinity, selected: [], headers, body });
    };
  };
}
