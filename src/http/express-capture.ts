import { MAX_BODY_BYTES } from './admission.js';
import type { CapturedResponse, Capture, Offer } from './exchange.js';
import type { ExpressRequest, ExpressResponse } from './express-response.js';
import { onceHeadIsWritten, writeAbandonedHead } from './head-capture.js';
import { headerFields } from './header-fields.js';
import { shadowMethod } from './method-shadow.js';

/**
 * Waits for the response of a handler on Express.
 *
 * The body is taken where `res.json` has made it a string, with the application's `json spaces` and replacer applied, and
 * goes on as it is. The fields are taken at the moment at which Express asks whether the client's copy is fresh: all of
 * them are set by then, and a 304 has not taken any away yet.
 */
export function captureExpress(request: ExpressRequest, response: ExpressResponse, offer: Offer): Capture {
  let complete = false;
  // What a method of the application's own makes of the body is not known, so an ETag made from that is not kept.
  const patched = Object.hasOwn(response, 'send');
  const restore = shadowMethod(response, 'send', (send, args) => {
    const body = complete ? bytesOf(args[0]) : undefined;
    if (body === undefined) return send(...args);
    const foreignTag = patched && !response.hasHeader('etag');
    return sendWatched(
      request,
      response,
      () => send(...args),
      (settleWith) => {
        const captured = snapshot(response, body);
        if (foreignTag) captured.fields.delete('etag');
        settleWith(offer(captured));
      },
    );
  });
  return {
    complete() {
      complete = true;
    },
    cancel: restore,
  };
}

type Settle = ReturnType<Offer>;

/** Calls `send`, and `look` once while it runs: when freshness is asked for, else before a head of status 200 is written. */
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
      if (response.statusCode === 200) lookOnce();
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

/** `null` for a response without a body; `undefined` for one that is not to be taken. */
function bytesOf(body: unknown): Buffer | null | undefined {
  if (body === undefined) return null;
  // Too large to be stored, so not worth a copy.
  if ((typeof body !== 'string' && !Buffer.isBuffer(body)) || body.length > MAX_BODY_BYTES) return undefined;
  return typeof body === 'string' ? Buffer.from(body, 'utf8') : Buffer.from(body);
}

function snapshot(response: ExpressResponse, body: Buffer | null) {
  const names = (response.getRawHeaderNames?.() ?? []).map((name) => [name.toLowerCase(), name] as const);
  const fields = headerFields(response.getHeaders());
  return { status: response.statusCode, fields, names: new Map(names), body } satisfies CapturedResponse;
}
