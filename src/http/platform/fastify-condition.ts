import { BODY_FIELDS } from './captured-response.js';
import { isNotModified } from '../rule/conditional-request.js';
import type { FastifyReply, FastifyRequest } from './fastify-reply.js';
import { headerFields } from '../rule/header-fields.js';
import { shadowMethod } from './method-shadow.js';

/** Turns a response into a 304 while its head is written, when the client already has it. */
export function answerCondition(request: FastifyRequest, reply: FastifyReply): void {
  const { raw, statusCode: status } = reply;
  const validators = { status, etag: textOf(reply, 'etag'), lastModified: textOf(reply, 'last-modified') };
  if (!isNotModified(request.raw.headers, validators)) return;
  shadowMethod(raw, 'writeHead', (writeHead, args) => {
    if (args[0] !== status) return writeHead(...args);
    for (const name of BODY_FIELDS) raw.removeHeader(name);
    const fields = [...headerFields((args[1] ?? {}) as Record<string, unknown>)];
    // Node drops the body of a 304 in HTTP/1 only.
    if (request.raw.httpVersionMajor === 2) dropBody(raw);
    return writeHead(304, Object.fromEntries(fields.filter(([name]) => !BODY_FIELDS.includes(name))));
  });
}

function dropBody(raw: object): void {
  const end = Reflect.get(raw, 'end') as () => unknown;
  Object.assign(raw, { write: () => true, end: () => end.call(raw) });
}

function textOf(reply: FastifyReply, name: string): string | undefined {
  const value = reply.getHeader(name);
  return typeof value === 'string' ? value : undefined;
}
