import { InvalidOptionsError } from '../../errors.js';

/** A field name, or a cookie's (RFC 9110 section 5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** A host as `Host` names it, an IPv6 address in brackets, perhaps with a port. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[^\s/?#@:[\]\\]+)(?::\d{1,5})?$/i;
const PRINTABLE = /^[\x20-\x7e]+$/;

/** The name in `Cache-Status` where none is chosen. */
const OWN_NAME = 'nestjs-redis-cache';

/** What goes by itself or cannot be had: a part of a body, no body of its own, and what is in the key only by its option. */
const UNVARYING: Readonly<Record<string, string>> = {
  '*': 'must name headers',
  host: 'cannot have the host, which clients choose at will; name those that are told apart in "hosts"',
};

/** Statuses that tell something of one request or its sender, not of the resource. */
const OF_ONE_REQUEST = new Set([
  206, 304, 400, 401, 407, 408, 411, 412, 413, 414, 415, 416, 417, 421, 425, 426, 428, 429, 431,
]);

/** Names of header fields, lower-cased. */
export function headerNames(value: unknown, path: string): ReadonlySet<string> {
  return new Set(
    texts(value, path, 'must be a list of header names', TOKEN).map((name) => name.toLowerCase()),
  );
}

/** Names of request headers that select a response: lower-cased, in order, each once. */
export function varyNames(value: unknown, path: string): readonly string[] {
  const names = headerNames(value, path);
  for (const name of names) {
    const rule = UNVARYING[name];
    if (rule !== undefined) throw new InvalidOptionsError(path, rule, value);
  }
  return [...names].toSorted();
}

/** Names of cookies. */
export function cookieNames(value: unknown, path: string): ReadonlySet<string> {
  return new Set(texts(value, path, 'must be a list of cookie names', TOKEN));
}

/** Names of query parameters, as they read once they are decoded. */
export function parameterNames(value: unknown, path: string): ReadonlySet<string> {
  return new Set(texts(value, path, 'must be a list of names of query parameters', /./s));
}

/** Hosts, lower-cased. */
export function hostNames(value: unknown, path: string): ReadonlySet<string> {
  const rule = "must be a list of one host or more, such as 'example.com' or 'localhost:3000'";
  const hosts = texts(value, path, rule, HOST).map((host) => host.toLowerCase());
  if (hosts.length === 0) throw new InvalidOptionsError(path, rule, value);
  return new Set(hosts);
}

/** Statuses that may be cached beside 200. */
export function cacheableStatuses(value: unknown, path: string): ReadonlySet<number> {
  const list = listOf(value, path, 'must be a list of statuses');
  for (const status of list) {
    const fit = Number.isInteger(status) && (status as number) >= 200 && (status as number) < 500;
    if (fit && !OF_ONE_REQUEST.has(status as number)) continue;
    const rule =
      'may have statuses from 200 to 499 that tell something of the resource, such as 204, 301, 404 or 410, and not of one request';
    throw new InvalidOptionsError(path, rule, status);
  }
  return new Set((list as number[]).filter((status) => status !== 200));
}

/** A value of `Cache-Control`. */
export function cacheControlText(value: unknown, path: string): string {
  if (typeof value === 'string' && PRINTABLE.test(value) && value.trim() !== '') return value.trim();
  throw new InvalidOptionsError(
    path,
    "must be a value of Cache-Control, such as 'public, max-age=60'",
    value,
  );
}

/** A cache's name in `Cache-Status`; `undefined` for false. */
export function cacheName(value: unknown, path: string): string | undefined {
  if (typeof value === 'boolean') return value ? OWN_NAME : undefined;
  if (typeof value === 'string' && PRINTABLE.test(value)) return value;
  throw new InvalidOptionsError(path, 'must be true, false or a name in printable ASCII', value);
}

function texts(value: unknown, path: string, rule: string, form: RegExp): string[] {
  const list = listOf(value, path, rule);
  const wrong = list.findIndex((one) => typeof one !== 'string' || !form.test(one));
  if (wrong !== -1) throw new InvalidOptionsError(`${path}[${wrong}]`, rule, list[wrong]);
  return list as string[];
}

function listOf(value: unknown, path: string, rule: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new InvalidOptionsError(path, rule, value);
}
