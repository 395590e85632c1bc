import type { IncomingHttpHeaders } from 'node:http';
import type { RawResponse } from './head-capture.js';

/** What is needed of a request of Fastify. */
export interface FastifyRequest {
  readonly raw: {
    readonly method?: string;
    readonly url?: string;
    readonly headers: IncomingHttpHeaders;
    readonly httpVersionMajor?: number;
    readonly user?: unknown;
  };
  /** Of the proxy's `X-Forwarded-Host` where the application trusts that. */
  readonly host?: string;
  readonly originalUrl?: string;
  readonly params?: unknown;
  readonly user?: unknown;
}

/** Turns a payload into what is sent. */
export type Serialize = (payload: unknown) => unknown;

/** What is needed of a reply of Fastify. */
export interface FastifyReply {
  readonly raw: RawResponse & { removeHeader(name: string): void };
  readonly request: object;
  readonly sent: boolean;
  readonly statusCode: number;
  code(status: number): unknown;
  header(name: string, value: string | string[]): unknown;
  getHeader(name: string): number | string | string[] | undefined;
  getHeaders(): Record<string, number | string | string[] | undefined>;
  removeHeader(name: string): unknown;
  serializer(serialize: Serialize | null): unknown;
  serialize(payload: unknown): unknown;
  getSerializationFunction(status: string): unknown;
}
