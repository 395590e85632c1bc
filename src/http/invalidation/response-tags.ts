import { hash } from 'node:crypto';

/**
 * The tag that the responses of a URL carry whatever its query: the bucket of its path, one of 16,384, so that made-up paths
 * cannot fill Redis. Ways to write one path that a router may take for the same (upper case, escapes, slashes doubled or at
 * the end) have one tag. `target` is a path as it was requested, with its query or without.
 */
export function urlTag(target: string): string {
  return `~u:${bucketOf(pathSegments(target).map(encodeText).join(''))}`;
}

/** The tag of all responses of a route. `route` names controller and handler: `PagesController.find`. */
export function routeTag(route: string): string {
  return `~r:${digest(route).toString('base64url', 0, 16)}`;
}

/**
 * The tag of a route's responses for certain path parameters, all of them, decoded: one of 16,384 buckets. The order of the
 * parameters does not matter, and one that is `undefined` is as good as absent.
 */
export function routeParamsTag(route: string, params: Readonly<Record<string, unknown>>): string {
  const named = Object.keys(params)
    .filter((name) => params[name] !== undefined)
    .toSorted()
    .map((name) => encodeText(name) + encodeValue(params[name]));
  return `~p:${bucketOf(encodeText(route) + named.join(''))}`;
}

/** The segments of a path, decoded and in lower case, without empty ones; an escape that is malformed stays as it is. */
export function pathSegments(target: string): string[] {
  const [path = ''] = target.split(/[?#]/, 1);
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => decode(segment).toLowerCase());
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Parameters are strings, and lists of strings for wildcards. Middleware may have put anything else there. */
function encodeValue(value: unknown): string {
  if (Array.isArray(value)) return `a${value.length}:${value.map(encodeValue).join('')}`;
  return typeof value === 'string' ? encodeText(value) : `j${encodeText(JSON.stringify(value) ?? '')}`;
}

/** With its length in front, so that different texts never run together. */
function encodeText(text: string): string {
  return `s${text.length}:${text}`;
}

/** 14 bits. */
function bucketOf(text: string): number {
  return digest(text).readUInt16BE(0) >> 2;
}

function digest(text: string): Buffer {
  return hash('sha256', Buffer.from(text, 'utf16le'), 'buffer');
}
