import type { CapturedResponse, Capture, Offer, ResponseHead } from './exchange.js';
import type { ExpressRequest, ExpressResponse } from './express-response.js';
import { expectedBy, MAX_BODY_BYTES, sendsNoBody } from './captured-response.js';
import { onceHeadIsWritten, writeAbandonedHead } from './head-capture.js';
import { headerFields } from '../rule/header-fields.js';
import { shadowMethod } from './method-shadow.js';

/**
 * Waits for the response of a handler on Express.
 *
 * The body is taken where `res.json` has made it a string, with the application's `json spaces` and replacer applied, and
 * goes on as it is. The fields are taken at the moment at which Express asks whether the client's copy is fresh: all of
 * them are set by then, and a 304 has not taken any away yet.
 */
export function captureExpress(
  request: ExpressRequest,
  response: ExpressResponse,
  offer: Offer,
  maxBodyBytes: number = MAX_BODY_BYTES,
): Capture {
  let expected: ((response: CapturedResponse) => boolean) | undefined;
  // What a method of the application's own makes of the body is not known, so an ETag made from that is not kept.
  const patched = Object.hasOwn(response, 'send');
  const waitForSend = (): (() => void) =>
    shadowMethod(response, 'send', (send, args) => {
      if (expected === undefined) return send(...args);
      // Goes through `json`, and comes back as a string.
      if (isToBeSerialized(args[0])) restore = waitForSend();
      const body = bytesOf(args[0], maxBodyBytes);
      if (body === undefined) return send(...args);
      const foreignTag = patched && !response.hasHeader('etag');
      return sendWatched(
        request,
        response,
        () => send(...args),
        (settleWith) => {
          const captured = snapshot(response, body);
          if (foreignTag) captured.fields.delete('etag');
          if (expected?.(captured) === true) settleWith(offer(captured));
        },
      );
    });
  let restore = waitForSend();
  return {
    complete(value) {
      expected = expectedBy(value);
    },
    cancel: () => restore(),
  };
}

type Settle = ReturnType<Offer>;

/** Calls `send`, and `look` once while it runs: when freshness is asked for, else before a head other than a 304 is written. */
function sendWatched(
  request: ExpressRequest,
  response: ExpressResponse,
  send: () => unknown,
  look: (settleWith: (settle: Settle) => void) => void,
): unknown {
  let settle: Settle;
  let looked = false;
  const lookOnce = () => {
    if (looked) return;
    looked = true;
    look((given) => {
      settle = given;
    });
  };
  const unwatch = onceFreshnessIsRead(request, lookOnce);
  const unhook = onceHeadIsWritten(
    response,
    () => {
      if (response.statusCode !== 304) lookOnce();
    },
    (head) => settle?.(head),
  );
  try {
    const result = send();
    writeAbandonedHead(response);
    return result;
  } catch (error) {
    unhook();
    throw error;
  } finally {
    unwatch();
  }
}

function onceFreshnessIsRead(request: ExpressRequest, callback: () => void): () => void {
  const before = Object.getOwnPropertyDescriptor(request, 'fresh');
  const restore = () => {
    if (before === undefined) Reflect.deleteProperty(request, 'fresh');
    else Object.defineProperty(request, 'fresh', before);
  };
  Object.defineProperty(request, 'fresh', {
    configurable: true,
    enumerable: true,
    get() {
      restore();
      callback();
      return request.fresh;
    },
  });
  return restore;
}

function isToBeSerialized(body: unknown): boolean {
  if (typeof body === 'object') return body !== null && !ArrayBuffer.isView(body);
  return typeof body === 'number' || typeof body === 'boolean';
}

/** `null` for a response without a body; `undefined` for one that is not to be taken. */
function bytesOf(body: unknown, maxBodyBytes: number): Buffer | null | undefined {
  if (body === undefined || body === null) return null;
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  if (!Buffer.isBuffer(body)) return undefined;
  // Too large to be stored, so not worth a copy.
  return body.length > maxBodyBytes ? body : Buffer.from(body);
}

function snapshot(response: ExpressResponse, body: Buffer | null) {
  const head = headOf(response);
  return { ...head, body: sendsNoBody(head.status) ? null : body } satisfies CapturedResponse;
}

/** Status and fields of a response so far. */
export function headOf(response: ExpressResponse) {
  const names = (response.getRawHeaderNames?.() ?? []).map((name) => [name.toLowerCase(), name] as const);
  const fields = headerFields(response.getHeaders());
  return { status: response.statusCode, fields, names: new Map(names) } satisfies ResponseHead;
}
