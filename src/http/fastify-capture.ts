import { MAX_BODY_BYTES } from './admission.js';
import { isNotModified, weakEntityTag } from './conditional-request.js';
import type { Capture, Offer } from './exchange.js';
import type { FastifyReply, FastifyRequest } from './fastify-reply.js';
import { mediaType, ownSerializer, serializeLikeFastify } from './fastify-serializer.js';
import { onceHeadIsWritten } from './head-capture.js';
import { headerFields } from './header-fields.js';
import { shadowMethod } from './method-shadow.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const BYTES_TYPE = 'application/octet-stream';
/** Fields that a 304 does without. */
const OF_BODY = ['content-type', 'content-length', 'content-encoding', 'transfer-encoding'];

/**
 * Waits for the response of a handler on Fastify.
 *
 * Strings and bytes are taken as they are; other values where Fastify serialises them: after the preSerialization hooks
 * and before the onSend hooks, which run again on every hit.
 */
export function captureFastify(request: FastifyRequest, reply: FastifyReply, offer: Offer): Capture {
  const patched = Object.hasOwn(reply, 'send');
  const taking = { request, reply, offer };
  return {
    complete(value) {
      if (reply.sent || reply.raw.headersSent || Object.hasOwn(reply, 'send') !== patched) return;
      if ((typeof value === 'string' || Buffer.isBuffer(value)) && value.length > MAX_BODY_BYTES) return;
      if (typeof value === 'string') captureText(taking, value);
      else if (ArrayBuffer.isView(value)) captureBytes(taking, value);
      else captureSerialized(taking);
    },
    cancel() {},
  };
}

interface Taking {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly offer: Offer;
}

function captureText(taking: Taking, text: string): void {
  const { reply } = taking;
  const given = mediaType(reply);
  // A reply's own serializer is given texts that have a type.
  if (given !== undefined && ownSerializer(reply) !== null) return;
  const type = given === undefined ? TEXT_TYPE : typeAsSent(reply);
  if (type !== undefined) take(taking, Buffer.from(text, 'utf8'), type);
}

function captureBytes(taking: Taking, view: ArrayBufferView): void {
  const type = taking.reply.getHeader('content-type') ?? BYTES_TYPE;
  // Copied, since the handler may go on writing to its buffer.
  const bytes = Buffer.from(Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  take(taking, bytes, String(type));
}

function captureSerialized(taking: Taking): void {
  const { reply } = taking;
  const own = ownSerializer(reply);
  if (own === undefined) return;
  const type = reply.getHeader('content-type') === undefined ? JSON_TYPE : typeAsSent(reply);
  // Fastify refuses to send an object under a type that is not JSON, unless the reply has a serializer.
  if (type === undefined || (own === null && !type.includes('json'))) return;
  if (own === null) reply.header('content-type', type);
  reply.serializer((payload) => {
    reply.serializer(own);
    const sent = own === null ? serializeLikeFastify(reply, payload) : own(payload);
    const body = typeof sent === 'string' ? Buffer.from(sent, 'utf8') : sent;
    if (Buffer.isBuffer(body)) take(taking, body, reply.getHeader('content-type'));
    return sent;
  });
}

/** Offers the response and, where it is taken, gives it an entity tag and waits for its head. */
function take({ request, reply, offer }: Taking, body: Buffer, type: unknown): void {
  // Without a type Fastify would give the hit, which is bytes, one of its own.
  if (typeof type !== 'string') return;
  const fields = headerFields(reply.getHeaders()).set('content-type', type);
  const tag = fields.has('etag') ? undefined : weakEntityTag(body);
  if (tag !== undefined) fields.set('etag', tag);
  const settle = offer({ status: reply.statusCode, fields, names: new Map(), body });
  if (settle === undefined) return;
  if (tag !== undefined) reply.header('etag', tag);
  onceHeadIsWritten(reply.raw, () => {}, settle);
  if (request.raw.httpVersionMajor === 1) answerCondition(request, reply);
}

/** The type as Fastify sends it: JSON gets a charset. `undefined` where Fastify would write its parameters anew. */
function typeAsSent(reply: FastifyReply): string | undefined {
  const type = String(reply.getHeader('content-type'));
  const media = mediaType(reply);
  if (media === undefined || !media.includes('json') || /;\s*charset\s*=/i.test(type)) return type;
  return type.includes(';') ? undefined : `${media}; charset=utf-8`;
}

/**
 * Turns a 200 into a 304 while its head is written, when the client already has this response. Node drops the body of a
 * 304 in HTTP/1; in HTTP/2 it would fail, so there the whole response is sent.
 */
function answerCondition({ raw: { headers } }: FastifyRequest, reply: FastifyReply): void {
  const validators = { etag: textOf(reply, 'etag'), lastModified: textOf(reply, 'last-modified') };
  if (!isNotModified(headers, validators)) return;
  shadowMethod(reply.raw, 'writeHead', (writeHead, args) => {
    if (args[0] !== 200) return writeHead(...args);
    for (const name of OF_BODY) reply.raw.removeHeader(name);
    const fields = [...headerFields((args[1] ?? {}) as Record<string, unknown>)];
    return writeHead(304, Object.fromEntries(fields.filter(([name]) => !OF_BODY.includes(name))));
  });
}

function textOf(reply: FastifyReply, name: string): string | undefined {
  const value = reply.getHeader(name);
  return typeof value === 'string' ? value : undefined;
}
