import { isNotModified } from './conditional-request.js';
import type { Exchange } from './exchange.js';
import { captureFastify } from './fastify-capture.js';
import type { FastifyReply, FastifyRequest } from './fastify-reply.js';
import { onceClosed } from './head-capture.js';
import { headerFields } from './header-fields.js';
import { restoreHeaders } from './restore-headers.js';
import type { StoredHeader, StoredResponse } from './stored-response.js';

/** The fields of a 304 (RFC 9110 section 15.4.5). */
const OF_NOT_MODIFIED = new Set(['cache-control', 'content-location', 'date', 'etag', 'expires', 'vary']);

/** A request and its response on Fastify, which answers no conditional requests itself: hits do here. */
export function fastifyExchange(request: FastifyRequest, reply: FastifyReply): Exchange {
  const { raw } = request;
  return {
    method: raw.method ?? '',
    url: raw.url ?? '',
    originalUrl: request.originalUrl ?? raw.url ?? '',
    headers: raw.headers,
    params: (request.params ?? {}) as Readonly<Record<string, unknown>>,
    host: () => JSON.stringify([request.hostname, raw.headers.host ?? raw.headers[':authority']]),
    identified: () => Boolean(request.user) || Boolean(raw.user),
    fields: () => headerFields(reply.getHeaders()),
    onClose: (callback) => onceClosed(reply.raw, callback),
    capture: (offer) => captureFastify(request, reply, offer),
    replay(stored) {
      if (isNotModified(raw.headers, validatorsOf(stored))) return replayNotModified(reply, stored);
      reply.code(stored.status);
      restore(reply, stored.headers);
      return stored.body ?? undefined;
    },
  };
}

function replayNotModified(reply: FastifyReply, { headers }: StoredResponse): undefined {
  reply.code(304);
  for (const name of ['content-type', 'content-length', 'content-encoding']) remove(reply, name);
  restore(
    reply,
    headers.filter(({ name }) => OF_NOT_MODIFIED.has(name.toLowerCase())),
  );
  return undefined;
}

/** Older versions of Fastify leave a field that middleware set on Node's response. */
function remove(reply: FastifyReply, name: string): void {
  reply.removeHeader(name);
  reply.raw.removeHeader(name);
}

function restore(reply: FastifyReply, headers: readonly StoredHeader[]): void {
  restoreHeaders(headers, {
    set: (name, value) => reply.header(name, value),
    remove: (name) => remove(reply, name),
  });
}

function validatorsOf({ headers }: StoredResponse) {
  const find = (wanted: string) => {
    const value = headers.find(({ name }) => name.toLowerCase() === wanted)?.value;
    return typeof value === 'string' ? value : undefined;
  };
  return { etag: find('etag'), lastModified: find('last-modified') };
}
