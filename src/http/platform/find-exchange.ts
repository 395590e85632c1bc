import type { Exchange } from './exchange.js';
import { ExpressExchange } from './express-exchange.js';
import type { ExpressRequest, ExpressResponse } from './express-response.js';
import { FastifyExchange } from './fastify-exchange.js';
import type { FastifyReply, FastifyRequest } from './fastify-reply.js';

/** The exchange of a request and a response of Express or Fastify; `undefined` for any other platform. */
export function findExchange(request: object, response: object): Exchange | undefined {
  if (hasMethods(response, ['code', 'header', 'serializer', 'getSerializationFunction'])) {
    return new FastifyExchange(request as FastifyRequest, response as FastifyReply);
  }
  if (hasMethods(response, ['send', 'status', 'setHeader', 'writeHead'])) {
    return new ExpressExchange(request as ExpressRequest, response as ExpressResponse);
  }
  return undefined;
}

function hasMethods(target: object, names: readonly string[]): boolean {
  return names.every((name) => typeof Reflect.get(target, name) === 'function');
}
