import { validateHeaderName, validateHeaderValue } from 'node:http';
import { overlay } from './overlay.js';
import type { RawHeaderValue, ResponseStart } from './response-start.js';

/** A response that has gone out, and takes a status and fields once more. */
export interface UnsentResponse {
  /** From here on the response may be ended, which sends nothing. Before that all that writes throws. */
  finish(): void;
  /** Makes the response again what it was. */
  restore(): void;
}

/** What Node's responses write with, of HTTP/1 or HTTP/2. */
const WRITERS = [
  'addTrailers',
  'end',
  'flushHeaders',
  'setTrailer',
  'write',
  'writeContinue',
  'writeEarlyHints',
  'writeHead',
  'writeProcessing',
];

/**
 * Puts an unsent response in the place of one that has gone out, in the same object, since the handler holds that one: status
 * and fields are those of `start`, and what is set from here on stays in this object.
 */
export function unsentResponse(raw: object, { status, headers }: ResponseStart): UnsentResponse {
  const over = overlay(raw);
  for (const [name, method] of Object.entries(fieldMethods(raw, headers))) over.put(name, method);
  for (const name of WRITERS) over.put(name, refuseToSend);
  for (const name of ['finished', 'headersSent', 'writableEnded']) over.put(name, false);
  over.put('statusCode', status);
  return {
    finish() {
      over.put('writeHead', () => raw);
      over.put('write', () => true);
      over.put('end', () => {
        (raw as { writeHead(status: number): unknown }).writeHead(Reflect.get(raw, 'statusCode') as number);
        return raw;
      });
    },
    restore: () => over.remove(),
  };
}

/** Stands for what sends: this run of a handler is for nobody. */
export function refuseToSend(): never {
  throw new Error('This run of the handler is for nobody, so it cannot send anything.');
}

/** Node's methods for fields, over fields of their own. */
function fieldMethods(raw: object, start: ReadonlyMap<string, RawHeaderValue>) {
  const fields = new Map<string, { readonly name: string; readonly value: RawHeaderValue }>();
  const get = (name: string): RawHeaderValue | undefined => fields.get(name.toLowerCase())?.value;
  const set = (name: string, value: RawHeaderValue): object => {
    validateHeaderName(name);
    for (const one of Array.isArray(value) ? value : [value]) validateHeaderValue(name, one as string);
    fields.set(name.toLowerCase(), { name, value });
    return raw;
  };
  for (const [name, value] of start) set(name, value);
  return {
    setHeader: set,
    setHeaders(given: Iterable<readonly [string, RawHeaderValue]>) {
      for (const [name, value] of given) set(name, value);
      return raw;
    },
    appendHeader(name: string, value: string | readonly string[]) {
      const present = get(name);
      return set(name, present === undefined ? value : [present, value].flat().map(String));
    },
    getHeader: get,
    getHeaders: () =>
      Object.assign(
        Object.create(null) as Record<string, RawHeaderValue>,
        Object.fromEntries([...fields].map(([lower, { value }]) => [lower, value])),
      ),
    getHeaderNames: () => [...fields.keys()],
    getRawHeaderNames: () => [...fields.values()].map(({ name }) => name),
    hasHeader: (name: string) => fields.has(name.toLowerCase()),
    removeHeader: (name: string) => void fields.delete(name.toLowerCase()),
  };
}
