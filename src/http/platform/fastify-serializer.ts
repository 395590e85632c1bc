import type { FastifyReply, Serialize } from './fastify-reply.js';

/**
 * The serializer that a reply was given by `reply.serializer()`: `null` for none, `undefined` when it cannot be known.
 * Fastify has no public way to read it, and installing another one would lose it.
 */
export function ownSerializer(reply: FastifyReply): Serialize | null | undefined {
  const slot = Object.getOwnPropertySymbols(reply).find(
    ({ description }) => description === 'fastify.reply.serializer',
  );
  if (slot === undefined) return undefined;
  const found: unknown = Reflect.get(reply, slot);
  return typeof found === 'function' ? (found as Serialize) : null;
}

/** Whether the route of a reply has preSerialization hooks, which only Fastify can run; true when it cannot be known. */
export function hasPreSerialization({ request }: FastifyReply): boolean {
  const slot = Object.getOwnPropertySymbols(request).find(
    ({ description }) => description === 'fastify.context',
  );
  const context: unknown = slot && Reflect.get(request, slot);
  if (typeof context !== 'object' || context === null) return true;
  return Array.isArray(Reflect.get(context, 'preSerialization'));
}

/**
 * Serialises a payload as Fastify does for a reply without a serializer of its own: the application's default serializer,
 * the route's schema of this status (then of its class, then the default one), or JSON.
 */
export function serializeLikeFastify(reply: FastifyReply, payload: unknown): unknown {
  const { statusCode } = reply;
  for (const status of [String(statusCode), `${String(statusCode).charAt(0)}xx`, 'default']) {
    const schema = reply.getSerializationFunction(status);
    if (!schema) continue;
    // `reply.serialize` knows schemas by status, but not those that differ by media type.
    return isByMediaType(schema) ? byMediaType(reply, schema, payload) : reply.serialize(payload);
  }
  return reply.serialize(payload);
}

type ByMediaType = Readonly<Record<string, Serialize | undefined>>;

function isByMediaType(schema: unknown): schema is ByMediaType {
  return typeof schema === 'object' && schema !== null;
}

function byMediaType(reply: FastifyReply, schemas: ByMediaType, payload: unknown): unknown {
  const serialize = schemas[mediaType(reply) ?? ''] ?? schemas['*/*'];
  return serialize === undefined ? JSON.stringify(payload) : serialize(payload);
}

/** The media type of a reply, without parameters; `undefined` before it has one. */
export function mediaType(reply: FastifyReply): string | undefined {
  const type = reply.getHeader('content-type');
  return typeof type === 'string' ? type.split(';', 1)[0]?.trim().toLowerCase() : undefined;
}
