import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { SessionDevice } from '../record/session-record.js';

/** A request of Node, with what Express or Fastify's middleware adds to it. */
export interface SessionRequest {
  readonly headers: IncomingHttpHeaders;
  readonly url?: string | undefined;
  readonly originalUrl?: string;
  /** What the client speaks with those proxies that are trusted. */
  readonly protocol?: string;
  readonly ip?: string | undefined;
  readonly socket?: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean } | null;
  session?: unknown;
  sessionID?: string | undefined;
  sessionStore?: unknown;
}

const MAX_AGENT = 256;

/** Whether a request came by HTTPS, as far as the proxies say that the application trusts. */
export function isSecure({ protocol, socket }: SessionRequest): boolean {
  return protocol === 'https' || socket?.encrypted === true;
}

/** The path that a client asked for, without its query. */
export function pathOf({ originalUrl, url = '/' }: SessionRequest): string {
  const whole = originalUrl ?? url;
  const end = whole.search(/[?#]/);
  return end < 0 ? whole : whole.slice(0, end);
}

/** Whether a client sends the cookies of a path with requests of another one (RFC 6265 section 5.1.4). */
export function pathMatches(path: string, cookiePath: string): boolean {
  if (!path.startsWith(cookiePath)) return false;
  return cookiePath.endsWith('/') || path.length === cookiePath.length || path[cookiePath.length] === '/';
}

/** The device that a request came from. Its address is kept as an HMAC. */
export function deviceOf(request: SessionRequest, secret: string): SessionDevice {
  const address = request.ip ?? request.socket?.remoteAddress;
  return {
    userAgent: request.headers['user-agent']?.slice(0, MAX_AGENT),
    address:
      address === undefined ? undefined : createHmac('sha256', secret).update(address).digest('base64url'),
  };
}
