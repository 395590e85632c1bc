import { weakEntityTag } from './conditional-request.js';
import type { Capture, Offer } from './exchange.js';
import type { FastifyReply } from './fastify-reply.js';
import { mediaType, ownSerializer, serializeLikeFastify } from './fastify-serializer.js';
import { onceHeadIsWritten } from './head-capture.js';
import { headerFields } from './header-fields.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const BYTES_TYPE = 'application/octet-stream';

/**
 * Waits for the response of a handler on Fastify.
 *
 * Strings and bytes are taken as they are; other values where Fastify serialises them: after the preSerialization hooks
 * and before the onSend hooks, which run again on every hit.
 */
export function captureFastify(reply: FastifyReply, offer: Offer): Capture {
  const patched = Object.hasOwn(reply, 'send');
  return {
    complete(value) {
      if (reply.sent || reply.raw.headersSent || Object.hasOwn(reply, 'send') !== patched) return;
      if (typeof value === 'string') captureText(reply, value, offer);
      else if (ArrayBuffer.isView(value)) captureBytes(reply, value, offer);
      else captureSerialized(reply, offer);
    },
    cancel() {},
  };
}

function captureText(reply: FastifyReply, text: string, offer: Offer): void {
  const given = mediaType(reply);
  // A reply's own serializer is given texts that have a type.
  if (given !== undefined && ownSerializer(reply) !== null) return;
  const type = given === undefined ? TEXT_TYPE : typeAsSent(reply);
  if (type !== undefined) take(reply, Buffer.from(text, 'utf8'), type, offer);
}

function captureBytes(reply: FastifyReply, view: ArrayBufferView, offer: Offer): void {
  const type = reply.getHeader('content-type') ?? BYTES_TYPE;
  // Copied, since the handler may go on writing to its buffer.
  const bytes = Buffer.from(Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  take(reply, bytes, String(type), offer);
}

function captureSerialized(reply: FastifyReply, offer: Offer): void {
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
    if (Buffer.isBuffer(body)) take(reply, body, reply.getHeader('content-type'), offer);
    return sent;
  });
}

/** Offers the response and, where it is taken, gives it an entity tag and waits for its head. */
function take(reply: FastifyReply, body: Buffer, type: unknown, offer: Offer): void {
  // Without a type Fastify would give the hit, which is bytes, one of its own.
  if (typeof type !== 'string') return;
  const fields = headerFields(reply.getHeaders()).set('content-type', type);
  const tag = fields.has('etag') ? undefined : weakEntityTag(body);
  if (tag !== undefined) fields.set('etag', tag);
  const settle = offer({ status: reply.statusCode, fields, names: new Map(), body });
  if (settle === undefined) return;
  if (tag !== undefined) reply.header('etag', tag);
  onceHeadIsWritten(reply.raw, () => {}, settle);
}

/** The type as Fastify sends it: JSON gets a charset. `undefined` where Fastify would write its parameters anew. */
function typeAsSent(reply: FastifyReply): string | undefined {
  const type = String(reply.getHeader('content-type'));
  const media = mediaType(reply);
  if (media === undefined || !media.includes('json') || /;\s*charset\s*=/i.test(type)) return type;
  return type.includes(';') ? undefined : `${media}; charset=utf-8`;
}
