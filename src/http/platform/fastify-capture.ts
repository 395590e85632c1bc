import { BODY_FIELDS, expectedBy, MAX_BODY_BYTES, sendsNoBody } from './captured-response.js';
import { weakEntityTag } from '../rule/conditional-request.js';
import type { Capture, CapturedResponse, Offer } from './exchange.js';
import { answerCondition } from './fastify-condition.js';
import type { FastifyReply, FastifyRequest } from './fastify-reply.js';
import { mediaType, ownSerializer, serializeLikeFastify } from './fastify-serializer.js';
import { isStreamed } from './handler-result.js';
import { onceHeadIsWritten } from './head-capture.js';
import { headerFields } from '../rule/header-fields.js';
import { shadowMethod } from './method-shadow.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const BYTES_TYPE = 'application/octet-stream';

/**
 * Waits for the response of a handler on Fastify.
 *
 * Strings and bytes are taken as they are; other values where Fastify serialises them: after the preSerialization hooks
 * and before the onSend hooks, which run again on every hit.
 */
export function captureFastify(
  request: FastifyRequest,
  reply: FastifyReply,
  offer: Offer,
  maxBodyBytes: number = MAX_BODY_BYTES,
): Capture {
  const patched = Object.hasOwn(reply, 'send');
  let restore: (() => void) | undefined;
  return {
    complete(value) {
      if (reply.sent || reply.raw.headersSent || Object.hasOwn(reply, 'send') !== patched) return;
      const expected = expectedBy(value);
      const take = (captured: CapturedResponse): void => {
        const settle = expected(captured) ? offerTagged(reply, captured, offer) : undefined;
        if (settle === undefined) return;
        onceHeadIsWritten(reply.raw, () => {}, settle);
        answerCondition(request, reply);
      };
      const taking = { reply, maxBodyBytes, take };
      if (value instanceof Error) restore = capturePayloadOfFilter(taking);
      else capturePayload(taking, value);
    },
    cancel: () => restore?.(),
  };
}

/** Takes what Fastify would make of a payload, without the hooks of the route, and settles at once. Throws as Fastify does. */
export function takeUnsent(reply: FastifyReply, payload: unknown, offer: Offer, maxBodyBytes: number): void {
  const take = (captured: CapturedResponse): void => {
    const settle = expectedBy(payload)(captured) ? offerTagged(reply, captured, offer) : undefined;
    settle?.({ status: reply.statusCode, fields: headerFields(reply.getHeaders()) });
  };
  capturePayload({ reply, maxBodyBytes, take }, payload);
  if (isToBeSerialized(payload)) reply.serialize(payload);
}

interface Taking {
  readonly reply: FastifyReply;
  readonly maxBodyBytes: number;
  readonly take: (captured: CapturedResponse) => void;
}

/** Waits for what a filter replies to an exception. */
function capturePayloadOfFilter(taking: Taking): () => void {
  return shadowMethod(taking.reply, 'send', (send, args) => {
    const [payload] = args;
    // An error goes to Fastify's error handler, which replies on its own.
    if (!(payload instanceof Error) && !isStreamed(payload)) capturePayload(taking, payload);
    return send(...args);
  });
}

function capturePayload(taking: Taking, payload: unknown): void {
  if (isToBeSerialized(payload)) captureSerialized(taking);
  else if (typeof payload === 'string') captureText(taking, payload);
  else if (ArrayBuffer.isView(payload)) captureBytes(taking, payload);
  else takeBody(taking, null, undefined);
}

function isToBeSerialized(payload: unknown): boolean {
  return payload !== undefined && typeof payload !== 'string' && !ArrayBuffer.isView(payload);
}

function captureText(taking: Taking, text: string): void {
  const { reply } = taking;
  const given = mediaType(reply);
  // A reply's own serializer is given texts that have a type.
  if (given !== undefined && ownSerializer(reply) !== null) return;
  takeBody(taking, Buffer.from(text, 'utf8'), given === undefined ? TEXT_TYPE : typeAsSent(reply));
}

function captureBytes(taking: Taking, view: ArrayBufferView): void {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  // Copied, since the handler may go on writing to its buffer; not when it is too large to be stored.
  const body = bytes.length > taking.maxBodyBytes ? bytes : Buffer.from(bytes);
  takeBody(taking, body, String(taking.reply.getHeader('content-type') ?? BYTES_TYPE));
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
    if (Buffer.isBuffer(body)) takeBody(taking, body, reply.getHeader('content-type'));
    return sent;
  });
}

function takeBody({ reply, take }: Taking, body: Buffer | null, type: unknown): void {
  const fields = headerFields(reply.getHeaders());
  const { statusCode: status } = reply;
  if (body === null || sendsNoBody(status)) {
    for (const name of BODY_FIELDS) fields.delete(name);
    take({ status, fields, names: new Map(), body: null });
  } else if (typeof type === 'string') {
    // Without a type Fastify would give the hit, which is bytes, one of its own.
    take({ status, fields: fields.set('content-type', type), names: new Map(), body });
  }
}

/** Offers the response and, where it is taken, gives it an entity tag. */
function offerTagged(reply: FastifyReply, captured: CapturedResponse, offer: Offer): ReturnType<Offer> {
  const { fields, body } = captured;
  const tag = body === null || fields.has('etag') ? undefined : weakEntityTag(body);
  const settle = offer(
    tag === undefined ? captured : { ...captured, fields: new Map([...fields, ['etag', tag]]) },
  );
  if (settle !== undefined && tag !== undefined) reply.header('etag', tag);
  return settle;
}

/** The type as Fastify sends it: JSON gets a charset. `undefined` where Fastify would write its parameters anew. */
function typeAsSent(reply: FastifyReply): string | undefined {
  const type = String(reply.getHeader('content-type'));
  const media = mediaType(reply);
  if (media === undefined || !media.includes('json') || /;\s*charset\s*=/i.test(type)) return type;
  return type.includes(';') ? undefined : `${media}; charset=utf-8`;
}
