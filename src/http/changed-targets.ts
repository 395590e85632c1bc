import type { Exchange } from './exchange.js';

/** What is looked at of an unsafe request and its response. */
export type ChangedExchange = Pick<Exchange, 'url' | 'originalUrl' | 'headers' | 'fields'>;

/**
 * The paths whose responses a successful unsafe request changes: the one it was routed by, the one it was sent to, and those
 * of `Location` and `Content-Location` on the same host (RFC 9111 section 4.4). `hostname` is the host as the platform knows
 * it, behind a proxy perhaps. `location` stands for the field where the response has it not yet.
 */
export function changedTargets(
  exchange: ChangedExchange,
  hostname: string | undefined,
  location: string | undefined,
): string[] {
  const base = baseOf(exchange);
  const fields = exchange.fields();
  const named = [location ?? fields.get('location'), fields.get('content-location')].flat();
  const urls = named
    .filter((one) => one !== undefined)
    .filter((one) => URL.canParse(one, base.href))
    .map((one) => new URL(one, base))
    // The scheme says nothing: TLS may end in front of the application.
    .filter(({ host, hostname: name }) => host === base.host || (name !== '' && name === hostname));
  const own = [exchange.url, exchange.originalUrl].map((target) => pathOf(target, base));
  return [...new Set([...own, ...urls.map(({ pathname }) => pathname)])];
}

function baseOf({ headers, originalUrl }: ChangedExchange): URL {
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
