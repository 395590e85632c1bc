/** Why a request went on to its handler (RFC 9211 section 2.2). */
export type Forwarded = 'bypass' | 'method' | 'miss' | 'request' | 'stale' | 'uri-miss' | 'vary-miss';

/** What the cache did with a request. */
export type CacheOutcome = (
  | { readonly hit: true }
  | {
      readonly forwarded: Forwarded;
      /** Whether the response was stored. */
      readonly stored?: boolean;
      /** Whether the request waited for another one's handler. */
      readonly collapsed?: boolean;
    }
) & {
  /** What is left of its life, in milliseconds; below 0 = it is stale. `null` = it does not end. */
  readonly ttl?: number | null;
  readonly key?: string;
  readonly detail?: string;
};

const TOKEN = /^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*$/;

/** `Cache-Status` (RFC 9211) of a cache: a member of a list of structured fields. */
export function cacheStatus(name: string, outcome: CacheOutcome): string {
  const parameters = 'hit' in outcome ? ['hit'] : forwardedParameters(outcome);
  const { ttl, key, detail } = outcome;
  if (typeof ttl === 'number') parameters.push(`ttl=${Math.floor(ttl / 1_000)}`);
  if (key !== undefined) parameters.push(`key=${quoted(key)}`);
  if (detail !== undefined) parameters.push(`detail=${tokenOrText(detail)}`);
  return [tokenOrText(name), ...parameters].join('; ');
}

function forwardedParameters({
  forwarded,
  stored = false,
  collapsed = false,
}: Extract<CacheOutcome, { forwarded: Forwarded }>): string[] {
  return [`fwd=${forwarded}`, ...(stored ? ['stored'] : []), ...(collapsed ? ['collapsed'] : [])];
}

/** A token of structured fields where the text is one, else a string. */
function tokenOrText(text: string): string {
  return TOKEN.test(text) ? text : quoted(text);
}

/** A string of structured fields holds printable ASCII only. */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^ -~]/g, '?').replaceAll(/[\\"]/g, String.raw`\$&`)}"`;
}
