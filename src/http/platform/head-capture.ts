import type { ServerResponse } from 'node:http';
import type { Clock } from '../../clock.js';
import { headerFields, type HeaderFields } from '../rule/header-fields.js';
import { shadowMethod } from './method-shadow.js';

/** The head of a response as it went out. */
export interface SentHead {
  readonly status: number;
  readonly fields: HeaderFields;
}

/** What is needed of Node's response, of HTTP/1 or HTTP/2. */
export type RawResponse = Pick<
  ServerResponse,
  'closed' | 'destroyed' | 'getHeaders' | 'headersSent' | 'once' | 'statusCode' | 'writeHead'
> & {
  readonly getRawHeaderNames?: () => string[];
  /** HTTP/2 only. */
  readonly stream?: { readonly closed: boolean };
};

/**
 * Calls `before` when the head of a response is about to be written, and `after` with what went out. Cookies and codings
 * that middleware adds while the head is written, and headers that are only passed to `writeHead`, are seen by `after`.
 * The returned function takes both back.
 */
export function onceHeadIsWritten(
  raw: RawResponse,
  before: () => void,
  after: (head: SentHead) => void,
): () => void {
  return shadowMethod(raw, 'writeHead', (writeHead, args) => {
    before();
    const result = writeHead(...args);
    const passed = typeof args[1] === 'string' ? args[2] : args[1];
    const fields = new Map([...headerFields(raw.getHeaders()), ...passedFields(passed)]);
    after({ status: raw.statusCode, fields });
    return result;
  });
}

/** Calls back once a response is closed: it has gone out, or its client has left. */
export function onceClosed(raw: RawResponse, callback: () => void): void {
  if (raw.closed || raw.stream?.closed === true) callback();
  else raw.once('close', callback);
}

/** How long a client may take for a response behind which a handler is to run for nobody, in milliseconds. */
const CLOSE_DUE = 10_000;

/**
 * Tells once a response is closed, and those who listen for that have been told. `false` = its client takes too long for it: who
 * waits meanwhile keeps others from doing what comes after it.
 */
export function closed(raw: RawResponse, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const stopWaiting = clock.schedule(CLOSE_DUE, () => resolve(false));
    onceClosed(raw, () => {
      stopWaiting();
      clock.afterInput(() => resolve(true));
    });
  });
}

/**
 * Has the head of a response written whose client is gone, so that what middleware adds to it is seen; Node would not
 * write it any more. Nothing is sent.
 */
export function writeAbandonedHead(raw: RawResponse): void {
  if (raw.destroyed && !raw.headersSent) raw.writeHead(raw.statusCode);
}

/** `writeHead` takes an object, a flat list of names and values, or a list of pairs. */
function passedFields(passed: unknown): HeaderFields {
  if (!Array.isArray(passed)) return headerFields((passed ?? {}) as Record<string, unknown>);
  const flat = passed.flat(1) as unknown[];
  const record: Record<string, unknown> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) record[String(flat[at])] = flat[at + 1];
  return headerFields(record);
}
