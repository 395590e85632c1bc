import type { ServerResponse } from 'node:http';

/** What is needed of Node's response, of HTTP/1 or HTTP/2. */
export type NodeResponse = Pick<
  ServerResponse,
  | 'destroy'
  | 'destroyed'
  | 'emit'
  | 'end'
  | 'getHeader'
  | 'getHeaderNames'
  | 'getHeaders'
  | 'headersSent'
  | 'on'
  | 'once'
  | 'removeHeader'
  | 'setHeader'
  | 'statusCode'
  | 'statusMessage'
  | 'writableNeedDrain'
  | 'writeHead'
> & { readonly getRawHeaderNames?: () => string[] };

/** The value of a field as Node keeps it. */
type HeaderValue = number | string | readonly string[];

/** The status and the fields of a response at a moment. */
export interface HeadState {
  readonly status: number;
  /** By the names as they were written. */
  readonly fields: ReadonlyMap<string, HeaderValue>;
}

/** Whether a response is of HTTP/1, which keeps its head as a text. */
export function isHttp1(response: NodeResponse): boolean {
  return Object.hasOwn(response, '_header');
}

const NOTHING: ReadonlyMap<string, HeaderValue> = new Map();

/** Notes the status and the fields that a response has now. */
export function headState(response: NodeResponse): HeadState {
  const status = response.statusCode;
  if (response.getHeaderNames().length === 0) return { status, fields: NOTHING };
  const set = response.getHeaders() as Readonly<Record<string, HeaderValue | undefined>>;
  const names = response.getRawHeaderNames?.() ?? Object.keys(set);
  const fields = new Map<string, HeaderValue>();
  for (const name of names) {
    const value = set[name.toLowerCase()];
    if (value !== undefined) fields.set(name, value);
  }
  return { status, fields };
}

/** Makes the head of a response what it was. */
export function resetHead(response: NodeResponse, { status, fields }: HeadState): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of fields) response.setHeader(name, value);
  response.statusCode = status;
  // HTTP/2 has no reasons, and warns of who looks for one.
  if (isHttp1(response)) response.statusMessage = '';
}

/**
 * Sets the fields that were passed to `writeHead` on the response itself, so that others can be set beside them, and gives
 * what is left to pass. Throws as Node does for what is no field.
 */
export function settleHead(response: NodeResponse, args: readonly unknown[]): unknown[] {
  const [status, reason, fields] = args;
  const hasReason = typeof reason === 'string';
  for (const [name, value] of passedFields(hasReason ? fields : reason)) response.setHeader(name, value);
  return hasReason ? [status, reason] : [status];
}

/** `writeHead` takes an object, a flat list of names and values, or a list of pairs. */
function passedFields(passed: unknown): Iterable<readonly [string, HeaderValue]> {
  if (!Array.isArray(passed)) {
    return Object.entries((passed ?? {}) as Record<string, HeaderValue | undefined>).filter(
      (entry): entry is [string, HeaderValue] => entry[1] !== undefined,
    );
  }
  const flat = passed.flat(1) as (string | HeaderValue)[];
  const fields = new Map<string, { readonly name: string; readonly values: HeaderValue[] }>();
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = String(flat[at]);
    const known = fields.get(name.toLowerCase()) ?? { name, values: [] };
    fields.set(name.toLowerCase(), known);
    known.values.push(flat[at + 1] as HeaderValue);
  }
  return [...fields.values()].map(({ name, values }) => {
    const [first] = values;
    return [name, values.length === 1 && first !== undefined ? first : values.flat().map(String)] as const;
  });
}
