import type { ResponsePolicy } from './response-policy.js';

/** What a watch is told of the route. */
export interface WatchOptions {
  /** Lower-cased names of the request headers that are in the key. `host` stands for all names of the host. */
  readonly keyed: ReadonlySet<string>;
  /** Who may be given the response. Where headers decide (RFC 9111), everybody. */
  readonly audience: ResponsePolicy['audience'];
  /** Everything that differs between requests is watched, not only what may tell who is asking. */
  readonly thorough: boolean;
  /** Everything that is read and not part of the key forbids to store the response. Watches all, as `thorough` does. */
  readonly strict: boolean;
}

/** Fields that are the same for every request whose handler fills a cache: hidden from it, or refused before. */
const ALIKE = new Set([
  ...['if-none-match', 'if-modified-since', 'if-range', 'range', 'if-match', 'if-unmodified-since'],
  ...['content-length', 'transfer-encoding', 'upgrade'],
  ...['x-http-method', 'x-http-method-override', 'x-method-override'],
  ...[':method', ':path'],
]);

/** Something that was read, and the header that must be in the key for it; none for what no header stands for. */
interface Read {
  readonly header: string | undefined;
  readonly private: boolean;
}

/** What a handler read of its request that is not part of the key. */
export class RequestReads {
  readonly #options: WatchOptions;
  readonly #reads = new Map<string, Read>();
  /** What was read is listed as one thing, where all of its kind was. */
  #allHeaders = false;
  #allCookies = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** A header was read; `value` is what it said. */
  header(name: string, value: unknown): void {
    // Node's names are in lower case: any other is never there.
    if (ALIKE.has(name) || name !== name.toLowerCase()) return;
    if (name === 'host' || name === ':authority') this.host();
    else if (name === 'authorization') this.#authorization(value);
    else this.#note(`the header ${name}`, name, name === 'cookie');
  }

  /** All headers were read, or may have been. */
  headers(): void {
    this.#allHeaders = true;
    this.#note('all request headers', undefined, true);
  }

  /** A cookie was read. */
  cookie(name: string): void {
    this.#note(`the cookie ${JSON.stringify(name)}`, 'cookie', true);
  }

  /** The names of cookies were listed. */
  cookies(): void {
    this.#allCookies = true;
    this.#note('all cookies', 'cookie', true);
  }

  /** The user was read; `value` is what stood there. */
  user(value: unknown): void {
    if (!this.#known(Boolean(value))) this.#note('the user', undefined, true);
  }

  /** The session was read; `value` is what stood there. */
  session(value: unknown): void {
    if (!this.#known(Boolean(value))) this.#note('the session', undefined, true);
  }

  /** The client's address was read. */
  address(): void {
    this.#note("the client's address", undefined, false);
  }

  /** The host was read, by whatever name. */
  host(): void {
    this.#note('the host', 'host', false);
  }

  /**
   * What was read, in plain words. `vary` = lower-cased names of the headers that the response's own `Vary` adds to the key;
   * `privateOnly` leaves out what does not tell who is asking.
   */
  list(vary: readonly string[], privateOnly: boolean): readonly string[] {
    const found: string[] = [];
    for (const [text, { header, private: isPrivate }] of this.#reads) {
      if (privateOnly && !isPrivate) continue;
      if (header !== undefined && vary.includes(header)) continue;
      if (this.#allHeaders && text.startsWith('the header ')) continue;
      if (this.#allCookies && text.startsWith('the cookie ')) continue;
      found.push(text);
    }
    return found;
  }

  #authorization(value: unknown): void {
    if (!this.#known(value !== undefined)) this.#note('the header authorization', 'authorization', true);
  }

  /** Whether the key, or what a request needs to be asked of the cache, says who is asking. */
  #known(present: boolean): boolean {
    const { audience } = this.#options;
    return audience === 'user' || (audience === 'anonymous' && !present);
  }

  #note(text: string, header: string | undefined, isPrivate: boolean): void {
    const { keyed, thorough, strict } = this.#options;
    if (header !== undefined && keyed.has(header)) return;
    if (!isPrivate && !thorough && !strict) return;
    this.#reads.set(text, { header, private: isPrivate });
  }
}
