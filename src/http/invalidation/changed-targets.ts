import type { Exchange } from '../platform/exchange.js';
import type { HeaderValue } from '../rule/header-fields.js';

/** What is looked at of an unsafe request. */
export interface ChangingRequest extends Pick<Exchange, 'url' | 'originalUrl' | 'headers'> {
  /** The host as the platform knows it: behind a proxy not the one that the request names. */
  readonly hostname: string | undefined;
}

/**
 * The paths whose responses a successful unsafe request changes: the one it was routed by, the one it was sent to, and those
 * of `locations` that are on the same host, which is what `Location` and `Content-Location` hold (RFC 9111 section 4.4).
 */
export function changedTargets(
  request: ChangingRequest,
  locations: readonly (HeaderValue | undefined)[],
): string[] {
  const base = baseOf(request);
  const urls = locations
    .flat()
    .filter((one) => one !== undefined && URL.canParse(one, base.href))
    .map((one) => new URL(one as string, base))
    // The scheme says nothing: TLS may end in front of the application.
    .filter(({ host, hostname }) => host === base.host || (hostname !== '' && hostname === request.hostname));
  const own = [request.url, request.originalUrl].map((target) => pathOf(target, base));
  return [...new Set([...own, ...urls.map(({ pathname }) => pathname)])];
}

function baseOf({ headers, originalUrl }: ChangingRequest): URL {
  const host = headers.host ?? headers[':authority'];
  const path = originalUrl.startsWith('/') ? originalUrl : '/';
  const asked = `http://${String(host)}${path}`;
  return new URL(URL.canParse(asked) ? asked : `http://localhost/`);
}

/** A target may be a whole URL (RFC 9112 section 3.2.2). */
function pathOf(target: string, base: URL): string {
  if (target.startsWith('/') || !URL.canParse(target, base.href)) return target.split(/[?#]/, 1)[0] ?? '';
  return new URL(target, base).pathname;
}
