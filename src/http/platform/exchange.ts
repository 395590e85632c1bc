import type { IncomingHttpHeaders } from 'node:http';
import type { Observable } from 'rxjs';
import type { Clock } from '../../clock.js';
import type { HeaderFields, HeaderValue } from '../rule/header-fields.js';
import type { SentHead } from './head-capture.js';
import type { StoredResponse } from '../rule/stored-response.js';

/** One request and its response on any platform. */
export interface Exchange {
  /** The platform's own object. */
  readonly request: object;
  readonly method: string;
  /** The target as it was routed. */
  readonly url: string;
  /** The target as it was received. */
  readonly originalUrl: string;
  /** Node's own object: what is taken from it is gone for the handler too. */
  readonly headers: IncomingHttpHeaders;
  readonly params: Readonly<Record<string, unknown>>;
  /** The host that was asked for, with its port, as the platform and as the request name it. */
  hosts(): readonly string[];
  /** Whether somebody put a user on the request. */
  identified(): boolean;
  /** A header field of the response as it is now. */
  field(name: string): HeaderValue | undefined;
  /**
   * The header fields that the response had when this, `reset` or `background` was first called. To be called before anything
   * changes them.
   */
  fields(): HeaderFields;
  /** Adds a member to a field of the response, which has not been sent yet. To be called after `replay`. */
  addHeader(name: string, value: string): void;
  /** Sets a field of the response, which has not been sent yet, as the cache wants it to be. */
  setHeader(name: string, value: string): void;
  /** Takes back what the handler has done to the head of the response. */
  reset(): void;
  /** Calls back once the response has gone out or its client has left; at once where that is so already. */
  onClose(callback: () => void): void;
  /**
   * Waits for the handler's response. Nothing about that response changes but an added `ETag`, and that it becomes a 304 for
   * a client that has it already. A body of more than `maxBodyBytes` (1 MiB) is offered too, so that it can be refused, but
   * may not be a copy. A response that is never sent is never offered: see `onClose`.
   */
  capture(offer: Offer, maxBodyBytes?: number): Capture;
  /** Prepares the response for a stored one and gives the value that Nest must reply with to send it. */
  replay(stored: StoredResponse): unknown;
  /**
   * As `replay`, but the response is sent like one of the handler: the client's conditions are answered when it is sent, and
   * what waits for the handler's response is offered this one.
   */
  replayAsMade(stored: StoredResponse): unknown;
  /** The head of the response as its handler has left it so far. */
  head(): ResponseHead;
  /** Whether the handler can be run once more for nobody. */
  readonly repeatable: boolean;
  /**
   * Runs the handler once more for nobody, once the response is closed: what it does to the response is captured and not
   * sent, and the response is as it was again afterwards. Resolves when that is over, and does not reject: a response that is
   * not offered by then, since the handler failed or took too long, or the client did to take its own, is never offered.
   */
  background(run: () => Observable<unknown>, offer: Offer, limits: BackgroundLimits): Promise<void>;
}

/** Bounds of a run for nobody. */
export interface BackgroundLimits {
  readonly clock: Clock;
  /** How long the handler may take, in milliseconds. */
  readonly timeout: number;
  readonly maxBodyBytes: number;
}

/** Status and fields of a response that is being made. */
export interface ResponseHead {
  readonly status: number;
  readonly fields: HeaderFields;
  /** The spelling of lower-cased names. */
  readonly names: ReadonlyMap<string, string>;
}

/** A response as its handler made it. */
export interface CapturedResponse extends ResponseHead {
  /** A copy of the bytes before content coding; `null` for none. */
  readonly body: Buffer | null;
}

/** Is offered a captured response before it is sent, and says what to do once its head went out; `undefined` = refused. */
export type Offer = (response: CapturedResponse) => ((head: SentHead) => void) | undefined;

/** A response that is being waited for. */
export interface Capture {
  /** The handler is done, and `value` is what Nest replies with next, or an exception that a filter replies to. */
  complete(value: unknown): void;
  /** There will be no response of the handler. */
  cancel(): void;
}
