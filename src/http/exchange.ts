import type { IncomingHttpHeaders } from 'node:http';
import type { HeaderFields } from './header-fields.js';
import type { SentHead } from './head-capture.js';
import type { StoredResponse } from './stored-response.js';

/** One request and its response on any platform. */
export interface Exchange {
  readonly method: string;
  /** The target as it was routed. */
  readonly url: string;
  /** The target as it was received. */
  readonly originalUrl: string;
  /** Node's own object: what is taken from it is gone for the handler too. */
  readonly headers: IncomingHttpHeaders;
  readonly params: Readonly<Record<string, unknown>>;
  /** The host that was asked for, as the platform and as the request name it. */
  host(): string;
  /** Whether somebody put a user on the request. */
  identified(): boolean;
  /** The header fields of the response so far. */
  fields(): HeaderFields;
  /** Waits for the handler's response. Nothing about that response changes but an added `ETag`. */
  capture(offer: Offer): Capture;
  /** Prepares the response for a stored one and gives the value that Nest must reply with to send it. */
  replay(stored: StoredResponse): unknown;
}

/** A response as its handler made it. */
export interface CapturedResponse {
  readonly status: number;
  readonly fields: HeaderFields;
  /** The spelling of lower-cased names. */
  readonly names: ReadonlyMap<string, string>;
  /** A copy of the bytes before content coding; `null` for none. */
  readonly body: Buffer | null;
}

/** Is offered a captured response before it is sent, and says what to do once its head went out; `undefined` = refused. */
export type Offer = (response: CapturedResponse) => ((head: SentHead) => void) | undefined;

/** A response that is being waited for. */
export interface Capture {
  /** The handler is done, and `value` is what Nest replies with next. */
  complete(value: unknown): void;
  /** There will be no response of the handler. */
  cancel(): void;
}
