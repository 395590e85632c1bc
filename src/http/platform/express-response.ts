import type { IncomingHttpHeaders } from 'node:http';
import type { RawResponse } from './head-capture.js';

/** What is needed of a request of Express. */
export interface ExpressRequest {
  readonly method: string;
  readonly url: string;
  readonly originalUrl?: string;
  readonly headers: IncomingHttpHeaders;
  readonly params?: Readonly<Record<string, unknown>>;
  /** Of the proxy's `X-Forwarded-Host` where the application trusts that. */
  readonly host?: string;
  readonly fresh?: boolean;
  readonly user?: unknown;
}

/** What is needed of a response of Express. */
export interface ExpressResponse extends RawResponse {
  send(body?: unknown): unknown;
  json(body: unknown): unknown;
  status(code: number): unknown;
  setHeader(name: string, value: string | string[]): unknown;
  getHeader(name: string): number | string | string[] | undefined;
  removeHeader(name: string): unknown;
  hasHeader(name: string): boolean;
}
