import { shadowProperty } from './property-shadow.js';
import { RequestReads, type WatchOptions } from './request-reads.js';
import { watchedRecord, type RecordReads } from './watched-record.js';

/** Sees what a handler reads of its request. */
export interface RequestWatch {
  /**
   * What was read that is not part of the key, in plain words: `the cookie "sid"`, `the header accept-language`. `vary` =
   * lower-cased names of the headers that the response's own `Vary` adds to the key.
   */
  reads(vary?: readonly string[]): readonly string[];
  /**
   * Those reads that forbid to store the response: of what may tell who is asking, and all with `strict`. `vary` as above.
   */
  refusals(vary?: readonly string[]): readonly string[];
  /** Leaves the request as it would be without the watch. To be called when the handler is done, whatever came of it. */
  stop(): void;
}

/** Properties by what they tell. */
const ALL_HEADERS = ['rawHeaders', 'headersDistinct'];
const COOKIES = ['cookies', 'signedCookies'];
const SESSION = ['session', 'sessionID'];
const ADDRESS = ['ip', 'ips'];
const HOST = ['hostname', 'host', 'hosts', 'subdomains'];

/**
 * Watches what is read of a request of Express or Fastify, and of Node's own that Fastify's stands for, until `stop` is
 * called. Costs some tens of microseconds.
 *
 * Not seen are reads through objects that were taken from the request before (by middleware, in AsyncLocalStorage), and of
 * the socket. A property that cannot be watched, as on a frozen request, counts as read. Meanwhile `structuredClone` takes
 * copies of headers and cookies only.
 */
export function watchRequest(request: object, options: WatchOptions): RequestWatch {
  const reads = new RequestReads(options);
  const watching = new Watching(reads);
  const raw: unknown = Reflect.get(request, 'raw');
  watchProperties(watching, request, options, options.audience === 'everybody');
  if (typeof raw === 'object' && raw !== null) watchProperties(watching, raw, options, false);
  return {
    reads: (vary = []) => reads.list(vary, false),
    refusals: (vary = []) => reads.list(vary, !options.strict),
    stop: () => watching.stop(),
  };
}

/** `absentToo`: a user or a session that is not there tells something as well, since others have one. */
function watchProperties(
  watching: Watching,
  target: object,
  { query, thorough, strict }: WatchOptions,
  absentToo: boolean,
): void {
  const { reads } = watching;
  watching.record(target, 'headers', {
    one: (name, value) => reads.header(name, value),
    all: () => reads.headers(),
  });
  for (const name of ALL_HEADERS) watching.value(target, name, () => reads.headers());
  for (const name of COOKIES) {
    watching.record(target, name, { one: (cookie) => reads.cookie(cookie), all: () => reads.cookies() });
  }
  if (query !== undefined) {
    const all = (names: readonly string[] | undefined): void => reads.query(names);
    watching.record(target, 'query', { one: (name) => reads.parameter(name), all });
  }
  watching.value(target, 'user', (value) => reads.user(value), absentToo);
  for (const name of SESSION) watching.value(target, name, (value) => reads.session(value), absentToo);
  if (!thorough && !strict) return;
  for (const name of ADDRESS) watching.value(target, name, () => reads.address());
  for (const name of HOST) watching.value(target, name, () => reads.host());
}

/** The properties that are being watched. */
class Watching {
  readonly reads: RequestReads;
  readonly #restores: (() => void)[] = [];
  readonly #standIns = new WeakMap<object, object>();
  /** False once stopped, and while a getter runs: what it reads in turn is not what the handler reads. */
  #seeing = true;

  constructor(reads: RequestReads) {
    this.reads = reads;
  }

  stop(): void {
    this.#seeing = false;
    for (const restore of this.#restores.splice(0)) restore();
  }

  /** Tells of every read of a property, and at once of one that cannot be watched. */
  value(target: object, name: string, tell: (value: unknown) => void, absentToo = false): void {
    if (!absentToo && !(name in target)) return;
    this.#watch(target, name, tell, (value) => (tell(value), value));
  }

  /** Tells what is read of the object that a property holds. */
  record(target: object, name: string, reads: RecordReads): void {
    if (!(name in target)) return;
    const seen: RecordReads = {
      one: (one, value) => this.#seeing && reads.one(one, value),
      all: (names) => this.#seeing && reads.all(names),
    };
    this.#watch(
      target,
      name,
      () => reads.all(undefined),
      (value) => (typeof value === 'object' && value !== null ? this.#standIn(value, seen) : value),
    );
  }

  #standIn(record: object, reads: RecordReads): object {
    let standIn = this.#standIns.get(record);
    if (standIn === undefined) {
      standIn = watchedRecord(record, reads);
      this.#standIns.set(record, standIn).set(standIn, standIn);
    }
    return standIn;
  }

  #watch(
    target: object,
    name: string,
    unwatchable: (value: unknown) => void,
    see: (value: unknown) => unknown,
  ): void {
    const restore = shadowProperty(target, name, (read) => {
      if (!this.#seeing) return read();
      return see(this.#unseen(read));
    });
    if (restore === undefined) unwatchable(this.#unseen(() => Reflect.get(target, name) as unknown));
    else this.#restores.push(restore);
  }

  #unseen(read: () => unknown): unknown {
    this.#seeing = false;
    try {
      return read();
    } finally {
      this.#seeing = true;
    }
  }
}
