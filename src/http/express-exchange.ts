import type { Exchange } from './exchange.js';
import { captureExpress } from './express-capture.js';
import type { ExpressRequest, ExpressResponse } from './express-response.js';
import { onceClosed } from './head-capture.js';
import { headerFields } from './header-fields.js';
import { shadowMethod } from './method-shadow.js';
import { restoreHeaders } from './restore-headers.js';

/** A request and its response on Express. Conditional requests are answered by Express itself, on hits and on misses. */
export function expressExchange(request: ExpressRequest, response: ExpressResponse): Exchange {
  return {
    method: request.method,
    url: request.url,
    originalUrl: request.originalUrl ?? request.url,
    headers: request.headers,
    params: request.params ?? {},
    host: () => JSON.stringify([request.hostname, request.headers.host]),
    identified: () => Boolean(request.user),
    fields: () => headerFields(response.getHeaders()),
    onClose: (callback) => onceClosed(response, callback),
    capture: (offer) => captureExpress(request, response, offer),
    replay({ status, headers, body }) {
      response.status(status);
      restoreHeaders(headers, {
        set: (name, value) => response.setHeader(name, value),
        remove: (name) => response.removeHeader(name),
      });
      if (body === null) return null;
      // Nest would turn a Buffer into JSON, so it is given a string, and the bytes go in its place.
      shadowMethod(response, 'send', (send) => send(body));
      return '';
    },
  };
}
