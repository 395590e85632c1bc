import type { Exchange } from './exchange.js';
import { runExpressAgain } from './express-background.js';
import { captureExpress, headOf } from './express-capture.js';
import type { ExpressRequest, ExpressResponse } from './express-response.js';
import { closed, onceClosed } from './head-capture.js';
import { headerFields } from '../rule/header-fields.js';
import { shadowMethod } from './method-shadow.js';
import { startOf } from './response-start.js';
import { restoreHeaders, withMembers } from './restore-headers.js';
import type { StoredResponse } from '../rule/stored-response.js';

/** A request and its response on Express. Conditional requests are answered by Express itself, on hits and on misses. */
export function expressExchange(request: ExpressRequest, response: ExpressResponse): Exchange {
  const start = startOf(response);
  const before = headerFields(Object.fromEntries(start.headers));
  return {
    request,
    method: request.method,
    url: request.url,
    originalUrl: request.originalUrl ?? request.url,
    headers: request.headers,
    params: request.params ?? {},
    host: () => JSON.stringify([request.hostname, request.headers.host]),
    identified: () => Boolean(request.user),
    fields: () => before,
    addHeader(name, value) {
      const together = withMembers(response.getHeader(name), value);
      response.setHeader(name, together);
      before.set(name.toLowerCase(), together);
    },
    setHeader: (name, value) => void response.setHeader(name, value),
    reset() {
      for (const name of Object.keys(response.getHeaders())) response.removeHeader(name);
      for (const [name, value] of start.headers) response.setHeader(name, value as string);
      response.status(start.status);
    },
    onClose: (callback) => onceClosed(response, callback),
    capture: (offer, maxBodyBytes) => captureExpress(request, response, offer, maxBodyBytes),
    replay: (stored) => replay(response, stored),
    replayAsMade: (stored) => replay(response, stored),
    head: () => headOf(response),
    repeatable: true,
    async background(run, offer, limits) {
      await closed(response, limits.clock);
      await runExpressAgain({ request, response, start }, run, offer, limits);
    },
  };
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
