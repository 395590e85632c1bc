import { HIDDEN_HEADERS } from '../rule/conditional-request.js';
import { isListedParameter } from '../rule/request-target.js';
import type { ResponsePolicy } from '../policy/response-policy.js';

/** What a watch is told of the route. */
export interface WatchOptions {
  /** Lower-cased names of the request headers that are in the key. `host` stands for all names of the host. */
  readonly keyed: ReadonlySet<string>;
  /** The parameters of the query that are in the key; absent = all, and what is read of them is not watched. */
  readonly query?: ReadonlySet<string> | undefined;
  /** Who may be given the response. Where headers decide (RFC 9111), everybody. */
  readonly audience: ResponsePolicy['audience'];
  /** Everything that differs between requests is watched, not only what may tell who is asking. */
  readonly thorough: boolean;
  /** Everything that is read and not part of the key forbids to store the response. Watches all, as `thorough` does. */
  readonly strict: boolean;
}

/** Fields that are the same for every request whose handler fills a cache: hidden from it, or refused before. */
const ALIKE = new Set([
  ...HIDDEN_HEADERS,
  ...['if-match', 'if-unmodified-since'],
  ...['content-length', 'transfer-encoding', 'upgrade'],
  ...['x-http-method', 'x-http-method-override', 'x-method-override'],
  ...[':method', ':path'],
]);

type Whole = 'headers' | 'cookies' | 'query';

/** Something that was read. */
interface Read {
  /** The header that must be in the key for it, if there is one. */
  readonly header?: string;
  /** What it is a member of. */
  readonly of?: Whole;
  /** Whether it forbids to store the response, whatever `strict` says: it may tell who is asking, or is left out of the key. */
  readonly private: boolean;
}

/** What a handler read of its request that is not part of the key. */
export class RequestReads {
  readonly #options: WatchOptions;
  readonly #reads = new Map<string, Read>();
  /** What was read as a whole: its members are not told one by one. */
  readonly #listed = new Set<Whole>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** A header was read; `value` is what it said. */
  header(name: string, value: unknown): void {
    // Node's names are in lower case: any other is never there.
    if (ALIKE.has(name) || name !== name.toLowerCase()) return;
    if (name === 'host' || name === ':authority') this.host();
    else if (name === 'authorization') this.#authorization(value);
    else this.#note(`the header ${name}`, { header: name, of: 'headers', private: name === 'cookie' });
  }

  /** All headers were read, or may have been. */
  headers(): void {
    this.#listed.add('headers');
    this.#note('all request headers', { private: true });
  }

  /** A cookie was read. */
  cookie(name: string): void {
    this.#note(`the cookie ${JSON.stringify(name)}`, { header: 'cookie', of: 'cookies', private: true });
  }

  /** The names of cookies were listed. */
  cookies(): void {
    this.#listed.add('cookies');
    this.#note('all cookies', { header: 'cookie', private: true });
  }

  /** A parameter of the query was read, or it was asked whether there is one. */
  parameter(name: string): void {
    if (this.#isInKey(name)) return;
    this.#note(`the query parameter ${JSON.stringify(name)}`, { of: 'query', private: true });
  }

  /** The parameters of the query were listed: those with these names. */
  query(names: readonly string[] | undefined): void {
    if (names?.every((name) => this.#isInKey(name)) === true) return;
    this.#listed.add('query');
    this.#note('all query parameters', { private: true });
  }

  /** The user was read; `value` is what stood there. */
  user(value: unknown): void {
    if (!this.#known(Boolean(value))) this.#note('the user', { private: true });
  }

  /** The session was read; `value` is what stood there. */
  session(value: unknown): void {
    if (!this.#known(Boolean(value))) this.#note('the session', { private: true });
  }

  /** The client's address was read. */
  address(): void {
    this.#note("the client's address", { private: false });
  }

  /** The host was read, by whatever name. */
  host(): void {
    this.#note('the host', { header: 'host', of: 'headers', private: false });
  }

  /**
   * What was read, in plain words. `vary` = lower-cased names of the headers that the response's own `Vary` adds to the key;
   * `privateOnly` leaves out what does not tell who is asking.
   */
  list(vary: readonly string[], privateOnly: boolean): readonly string[] {
    const found: string[] = [];
    for (const [text, { header, of, private: isPrivate }] of this.#reads) {
      if (privateOnly && !isPrivate) continue;
      if (header !== undefined && vary.includes(header)) continue;
      if (of !== undefined && this.#listed.has(of)) continue;
      found.push(text);
    }
    return found;
  }

  #isInKey(parameter: string): boolean {
    const { query } = this.#options;
    return query === undefined || isListedParameter(parameter, query);
  }

  #authorization(value: unknown): void {
    if (this.#known(value !== undefined)) return;
    this.#note('the header authorization', { header: 'authorization', of: 'headers', private: true });
  }

  /** Whether the key, or what a request needs to be asked of the cache, says who is asking. */
  #known(present: boolean): boolean {
    const { audience } = this.#options;
    return audience === 'user' || (audience === 'anonymous' && !present);
  }

  #note(text: string, read: Read): void {
    const { keyed, thorough, strict } = this.#options;
    if (read.header !== undefined && keyed.has(read.header)) return;
    if (read.private || thorough || strict) this.#reads.set(text, read);
  }
}
