/** A response as a browser has it. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly location: string | null;
  /** The lines of `Set-Cookie`. */
  readonly cookies: readonly string[];
}

/** Keeps the cookies of its responses, as a browser does, for one origin. */
export class Browser {
  readonly #url: string;
  readonly #cookies = new Map<string, string>();

  constructor(url: string) {
    this.#url = url;
  }

  /** The `Cookie` header that it sends. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Another browser with the same cookies, for another origin. */
  at(url: string): Browser {
    const other = new Browser(url);
    for (const [name, value] of this.#cookies) other.#cookies.set(name, value);
    return other;
  }

  async get(path: string): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      headers: this.#cookies.size > 0 ? { cookie: this.cookie } : {},
      redirect: 'manual',
    });
    const cookies = response.headers.getSetCookie();
    for (const line of cookies) this.#take(line);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      body: isJson ? (JSON.parse(text) as unknown) : text,
      location: response.headers.get('location'),
      cookies,
    };
  }

  #take(line: string): void {
    const [pair = '', ...attributes] = line.split(';');
    const equals = pair.indexOf('=');
    const ended = attributes.some((one) => {
      const [name = '', value = ''] = one.trim().split('=');
      return name.toLowerCase() === 'expires' && new Date(value).getTime() <= new Date().getTime();
    });
    if (ended) this.#cookies.delete(pair.slice(0, equals));
    else this.#cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
}

/** Holds handlers until the test lets them go on. */
export class Gate {
  readonly #arrived: (() => void)[] = [];
  readonly #held: (() => void)[] = [];
  #count = 0;

  /** Waits here until `open`. */
  pass(): Promise<void> {
    this.#count += 1;
    for (const tell of this.#arrived.splice(0)) tell();
    return new Promise((resolve) => this.#held.push(resolve));
  }

  /** Waits until so many are held. */
  async reached(count = 1): Promise<void> {
    while (this.#count < count) await new Promise<void>((resolve) => this.#arrived.push(resolve));
  }

  /** Lets the one go on that has waited longest. */
  openOne(): void {
    this.#held.shift()?.();
  }

  /** Lets all go on that are held. */
  open(): void {
    this.#count = 0;
    for (const go of this.#held.splice(0)) go();
  }
}
