import type { RawResponse } from './head-capture.js';

/** The value of a field as Node keeps it. */
export type RawHeaderValue = number | string | readonly string[];

/** What a response of Node was like before its handler. */
export interface ResponseStart {
  readonly status: number;
  /** By the names as they were written. */
  readonly headers: ReadonlyMap<string, RawHeaderValue>;
}

/** Notes the status and the fields that a response has now. */
export function startOf(raw: RawResponse): ResponseStart {
  const set = raw.getHeaders() as Readonly<Record<string, RawHeaderValue | undefined>>;
  const names = raw.getRawHeaderNames?.() ?? Object.keys(set);
  const headers = new Map<string, RawHeaderValue>();
  for (const name of names) {
    const value = set[name.toLowerCase()];
    if (value !== undefined) headers.set(name, value);
  }
  return { status: raw.statusCode, headers };
}
