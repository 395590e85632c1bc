import { InvalidOptionsError } from '../errors.js';

/** What a Redis URL says. What it does not say is `undefined`. */
export interface RedisUrl {
  readonly tls: boolean;
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** A unix socket. */
  readonly path: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number | undefined;
}

const FORM = "'redis[s]://[[user]:password@]host:port/db' or 'unix:///path.sock?db=1'";

/**
 * Reads a Redis URL. The errors never show it, since it may hold a password.
 *
 * @throws InvalidOptionsError naming `path` when it has another form
 */
export function parseRedisUrl(text: string, path: string): RedisUrl {
  const url = read(text, path);
  if (url.hash !== '')
    throw new InvalidOptionsError(path, `has a '#': write %23 where it is part of the password`);
  const username = decode(url.username, path);
  const password = decode(url.password, path);
  if (url.protocol === 'unix:') return { ...unix(url, path), username, password };
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    throw new InvalidOptionsError(path, `must begin with redis://, rediss:// or unix://`, url.protocol);
  }
  if (url.search !== '')
    throw new InvalidOptionsError(path, 'takes no ?query: give such options beside the URL');
  return {
    tls: url.protocol === 'rediss:',
    host: url.hostname === '' ? undefined : url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? undefined : Number(url.port),
    path: undefined,
    username,
    password,
    database: url.pathname.length > 1 ? index(url.pathname.slice(1), path) : undefined,
  };
}

function unix(url: URL, path: string): Omit<RedisUrl, 'username' | 'password'> {
  if (url.host !== '' || url.pathname.length < 2) {
    throw new InvalidOptionsError(
      path,
      "must give an absolute path after unix://, such as 'unix:///run/redis.sock'",
    );
  }
  const unknown = [...url.searchParams.keys()].find((key) => key !== 'db');
  if (unknown !== undefined) throw new InvalidOptionsError(path, `takes no query but ?db=`, unknown);
  const db = url.searchParams.get('db');
  return {
    tls: false,
    host: undefined,
    port: undefined,
    path: decode(url.pathname, path),
    database: db === null ? undefined : index(db, path),
  };
}

// The URL of a unix socket may carry credentials and no host, which the WHATWG parser refuses: it is given one.
const UNIX_CREDENTIALS = /^unix:\/\/[^/@]*@\//;

function read(text: string, path: string): URL {
  try {
    if (!UNIX_CREDENTIALS.test(text)) return new URL(text);
    const at = text.indexOf('@');
    const url = new URL(`unix://${text.slice(at + 1)}`);
    const { username, password } = new URL(`redis${text.slice(4, at + 1)}host`);
    return Object.defineProperties(url, { username: { value: username }, password: { value: password } });
  } catch {
    throw new InvalidOptionsError(path, `must be a URL such as ${FORM}`);
  }
}

function decode(text: string, path: string): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidOptionsError(
      path,
      "has a '%' that is not followed by two hexadecimal digits: write %25",
    );
  }
}

function index(text: string, path: string): number {
  if (!/^\d+$/.test(text))
    throw new InvalidOptionsError(path, 'must end in the index of a database, such as /1');
  return Number(text);
}
