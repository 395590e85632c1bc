import { RequestMethod, type Type } from '@nestjs/common';
import {
  METHOD_METADATA,
  REDIRECT_METADATA,
  RENDER_METADATA,
  RESPONSE_PASSTHROUGH_METADATA,
  ROUTE_ARGS_METADATA,
  SSE_METADATA,
} from '@nestjs/common/constants.js';
import type { ResponsePolicy } from '../policy/response-policy.js';

/** Kinds of parameters, by which Nest keys their metadata as `<kind>:<index>`. */
const RESPONSE = '1';
const NEXT = '2';
const HEADERS = '6';
const IP = '11';

/** Headers that an admissible request lacks, or that are hidden from the handler: reading them changes nothing. */
const KNOWN_HEADERS = new Set([
  'authorization',
  'cookie',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'range',
]);

/** Why a route that asks for its responses to be cached has none that can be; `undefined` when it answers GET. */
export function refuseMethod(handler: object): string | undefined {
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
  if (method === undefined || method === RequestMethod.GET || method === RequestMethod.ALL) return undefined;
  return `only those to GET are, and it answers ${RequestMethod[method]}`;
}

/**
 * Why the responses of a route can never be cached; `undefined` when they can. Read from its decorators: what takes the
 * response out of Nest's hands, and parameters that the key does not hold.
 */
export function refuseRoute(
  controller: Type,
  handler: object,
  method: string | symbol | undefined,
  policy: ResponsePolicy,
): string | undefined {
  if (Reflect.hasMetadata(SSE_METADATA, handler)) return '@Sse() streams events';
  if (Reflect.hasMetadata(RENDER_METADATA, handler)) return '@Render() responses are not captured';
  if (Reflect.hasMetadata(REDIRECT_METADATA, handler)) return '@Redirect() responses are not captured';
  if (method === undefined) return 'its method was not found on the controller';
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as RouteArguments;
  const passthrough = Boolean(Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, controller, method));
  for (const [name, { data }] of Object.entries(parameters)) {
    const refusal = refuseParameter(name.split(':', 1)[0] ?? '', data, passthrough, policy);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

type RouteArguments = Readonly<Record<string, { readonly data?: unknown }>>;

function refuseParameter(
  kind: string,
  data: unknown,
  passthrough: boolean,
  { mode, vary }: ResponsePolicy,
): string | undefined {
  if ((kind === RESPONSE || kind === NEXT) && !passthrough) {
    return 'it sends the response itself; use @Res({ passthrough: true })';
  }
  if (kind === IP) return "it reads the client's address";
  // Where the headers decide, the response says itself what it was selected by.
  if (kind !== HEADERS || mode === 'headers') return undefined;
  const known = (name: string): boolean => KNOWN_HEADERS.has(name) || vary.includes(name);
  if (typeof data === 'string' && known(data.toLowerCase())) return undefined;
  return typeof data === 'string'
    ? `it reads the header ${data}, which is not part of the key: put it into response.vary`
    : 'it reads request headers, which are not part of the key';
}
