import { isNotModified, type Validators } from '../rule/conditional-request.js';
import type { Exchange, ResponseHead } from './exchange.js';
import { runFastifyAgain } from './fastify-background.js';
import { captureFastify } from './fastify-capture.js';
import type { FastifyReply, FastifyRequest } from './fastify-reply.js';
import { hasPreSerialization } from './fastify-serializer.js';
import { closed, onceClosed } from './head-capture.js';
import { fieldValue, headerFields } from '../rule/header-fields.js';
import { startOf, type RawHeaderValue } from './response-start.js';
import { restoreHeaders, withMembers } from './restore-headers.js';
import type { StoredHeader, StoredResponse } from '../rule/stored-response.js';

/** The fields of a 304 (RFC 9110 section 15.4.5), and the age of what it is about. */
const OF_NOT_MODIFIED = new Set([
  'age',
  'cache-control',
  'content-location',
  'date',
  'etag',
  'expires',
  'vary',
]);

/** A request and its response on Fastify, which answers no conditional requests itself: hits do here. */
export function fastifyExchange(request: FastifyRequest, reply: FastifyReply): Exchange {
  const { raw } = request;
  const start = startOf(reply.raw);
  const headers = new Map(Object.entries(reply.getHeaders()));
  const before = headerFields(Object.fromEntries(headers));
  return {
    request,
    method: raw.method ?? '',
    url: raw.url ?? '',
    originalUrl: request.originalUrl ?? raw.url ?? '',
    headers: raw.headers,
    params: (request.params ?? {}) as Readonly<Record<string, unknown>>,
    host: () => JSON.stringify([request.hostname, raw.headers.host ?? raw.headers[':authority']]),
    identified: () => Boolean(request.user) || Boolean(raw.user),
    fields: () => before,
    addHeader(name, value) {
      const together = withMembers(reply.getHeader(name), value);
      reply.header(name, together);
      before.set(name.toLowerCase(), together);
    },
    setHeader: (name, value) => void reply.header(name, value),
    reset: () => reset(reply, start.status, headers),
    onClose: (callback) => onceClosed(reply.raw, callback),
    capture: (offer, maxBodyBytes) => captureFastify(request, reply, offer, maxBodyBytes),
    replay: (stored) =>
      isNotModified(raw.headers, validatorsOf(stored))
        ? replayNotModified(reply, stored)
        : replayWhole(reply, stored),
    replayAsMade: (stored) => replayWhole(reply, stored),
    head: () => headOf(reply),
    // Only Fastify can run those hooks, for a response that it sends.
    repeatable: !hasPreSerialization(reply),
    async background(run, offer, limits) {
      await closed(reply.raw, limits.clock);
      await runFastifyAgain({ reply, start, headers }, run, offer, limits);
    },
  };
}

function headOf(reply: FastifyReply): ResponseHead {
  return { status: reply.statusCode, fields: headerFields(reply.getHeaders()), names: NO_NAMES };
}

/** Fastify keeps names in lower case only. */
const NO_NAMES: ReadonlyMap<string, string> = new Map();

function reset(
  reply: FastifyReply,
  status: number,
  headers: ReadonlyMap<string, RawHeaderValue | undefined>,
): void {
  for (const name of Object.keys(reply.getHeaders())) remove(reply, name);
  for (const [name, value] of headers) if (value !== undefined) reply.header(name, value as string);
  reply.code(status);
}

function replayWhole(reply: FastifyReply, { status, headers, body }: StoredResponse): unknown {
  reply.code(status);
  restore(reply, headers);
  return body ?? undefined;
}

function replayNotModified(reply: FastifyReply, stored: StoredResponse): undefined {
  reply.code(304);
  for (const name of ['content-type', 'content-length', 'content-encoding']) remove(reply, name);
  const { etag } = validatorsOf(stored);
  const sent = stored.headers.filter(({ name }) => {
    const lower = name.toLowerCase();
    return OF_NOT_MODIFIED.has(lower) || (lower === 'last-modified' && etag === undefined);
  });
  restore(reply, sent);
  return undefined;
}

function validatorsOf({ status, headers }: StoredResponse): Validators {
  const find = (wanted: string) => {
    const value = fieldValue(headers, wanted);
    return typeof value === 'string' ? value : undefined;
  };
  return { status, etag: find('etag'), lastModified: find('last-modified') };
}

/** Older versions of Fastify leave a field that middleware set on Node's response. */
function remove(reply: FastifyReply, name: string): void {
  reply.removeHeader(name);
  reply.raw.removeHeader(name);
}

function restore(reply: FastifyReply, headers: readonly StoredHeader[]): void {
  restoreHeaders(headers, {
    get: (name) => reply.getHeader(name),
    set: (name, value) => reply.header(name, value),
    remove: (name) => remove(reply, name),
  });
}
