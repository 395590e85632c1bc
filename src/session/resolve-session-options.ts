import { InvalidOptionsError } from '../errors.js';
import { flag, oneOf, optionalText, optionsObject } from '../option.js';
import {
  resolveSessionStorage,
  STORAGE_OPTIONS,
  type ResolvedSessionStorage,
} from './storage/resolve-storage-options.js';

/** The attributes of the session's cookie: options, checked and complete. */
export interface ResolvedSessionCookie {
  readonly path: string;
  readonly domain: string | undefined;
  readonly httpOnly: boolean;
  readonly secure: boolean | 'auto';
  readonly sameSite: 'lax' | 'strict' | 'none';
  readonly partitioned: boolean;
  readonly priority: 'low' | 'medium' | 'high' | undefined;
}

/** `session` of the module: options, checked and complete. */
export interface ResolvedSession {
  readonly storage: ResolvedSessionStorage;
  readonly connection: string;
  /** The first one signs, all of them verify. */
  readonly secrets: readonly string[];
  readonly name: string;
  readonly cookie: ResolvedSessionCookie;
  readonly rolling: boolean;
  /** Whether the path of a URL, without its query, has no sessions. */
  readonly excludes: (path: string) => boolean;
  readonly onUnavailable: 'fail' | 'anonymous';
  readonly device: boolean;
  /** What to say at start about a cookie that is weaker than by default. */
  readonly warnings: readonly string[];
}

const OWN_OPTIONS = [
  'secret',
  'connection',
  'name',
  'cookie',
  'rolling',
  'exclude',
  'onUnavailable',
  'device',
] as const;
const COOKIE_OPTIONS = [
  'path',
  'domain',
  'httpOnly',
  'secure',
  'sameSite',
  'partitioned',
  'priority',
] as const;
const SECRET_BYTES = 32;
/** A token of RFC 9110, which is what RFC 6265 has for the name of a cookie. */
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;
const COOKIE_PATH = /^\/[\x20-\x3a\x3c-\x7e]*$/;
const DOMAIN = /^\.?[a-z\d-]+(?:\.[a-z\d-]+)*$/i;
const EXCLUDED = /^\/[^*?#]*(?:(?<=\/)\*)?$/;

/**
 * Checks the options of sessions and fills in the defaults. `keyPrefix` is that of the caches, and `caches` are the names that
 * are known of them. No error shows a secret.
 *
 * @throws InvalidOptionsError naming the option below `path`, the rule and the value
 */
export function resolveSessionOptions(
  raw: unknown,
  path: string,
  { keyPrefix, caches = [] }: { readonly keyPrefix: string; readonly caches?: readonly string[] },
): ResolvedSession {
  const options = optionsObject(raw, path, [...OWN_OPTIONS, ...STORAGE_OPTIONS]);
  const prefix = keyPrefix === 'cache' || keyPrefix === '' ? 'session' : `${keyPrefix}-session`;
  const storage = resolveSessionStorage(options, path, { prefix, caches: keyPrefix, names: caches });
  const cookie = resolveCookie(options['cookie'], `${path}.cookie`);
  const device = flag(options['device'], `${path}.device`);
  if (device && storage.legacy?.mode === 'dual') {
    const rule = "goes not with migrate: 'dual', since the format of connect-redis has no place for it";
    throw new InvalidOptionsError(`${path}.device`, rule);
  }
  return Object.freeze({
    storage: withCookie(storage, cookie),
    connection: optionalText(options['connection'], `${path}.connection`) ?? 'default',
    secrets: resolveSecrets(options['secret'], `${path}.secret`),
    name: resolveName(options['name'], `${path}.name`, cookie),
    cookie,
    rolling: options['rolling'] === undefined || flag(options['rolling'], `${path}.rolling`),
    excludes: resolveExclude(options['exclude'], `${path}.exclude`),
    onUnavailable: oneOf(options['onUnavailable'], ['fail', 'anonymous'], `${path}.onUnavailable`),
    device,
    warnings: Object.freeze(weaknesses(cookie, `${path}.cookie`)),
  });
}

function resolveSecrets(value: unknown, path: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  if (list.length === 0) throw new InvalidOptionsError(path, 'must be a string or a list of strings');
  for (const [at, one] of list.entries()) {
    const place = Array.isArray(value) ? `${path}[${at}]` : path;
    if (typeof one !== 'string') {
      const rule = `must be a string of at least 32 bytes, not ${typeof one}; is a variable of the environment missing?`;
      throw new InvalidOptionsError(place, rule);
    }
    const bytes = Buffer.byteLength(one);
    if (bytes >= SECRET_BYTES) continue;
    throw new InvalidOptionsError(place, `must have at least 32 bytes, and has ${bytes}`);
  }
  return Object.freeze([...(list as readonly string[])]);
}

function resolveCookie(raw: unknown, path: string): ResolvedSessionCookie {
  const options = optionsObject(raw === undefined ? {} : raw, path, COOKIE_OPTIONS);
  const { domain, secure = 'auto', httpOnly, priority } = options;
  if (secure !== 'auto' && typeof secure !== 'boolean') {
    throw new InvalidOptionsError(`${path}.secure`, "must be true, false or 'auto'", secure);
  }
  const sameSite = oneOf(options['sameSite'], ['lax', 'strict', 'none'], `${path}.sameSite`);
  const partitioned = flag(options['partitioned'], `${path}.partitioned`);
  requireSecure(secure, sameSite === 'none', `${path}.sameSite`);
  requireSecure(secure, partitioned, `${path}.partitioned`);
  return Object.freeze({
    path:
      textLike(options['path'], `${path}.path`, [COOKIE_PATH, "must be a path that begins with '/'"]) ?? '/',
    domain: textLike(domain, `${path}.domain`, [DOMAIN, 'must be the name of a host']),
    httpOnly: httpOnly === undefined || flag(httpOnly, `${path}.httpOnly`),
    secure,
    sameSite,
    partitioned,
    priority:
      priority === undefined ? undefined : oneOf(priority, ['low', 'medium', 'high'], `${path}.priority`),
  });
}

/** Browsers refuse such cookies otherwise. */
function requireSecure(secure: boolean | 'auto', needed: boolean, path: string): void {
  if (!needed || secure === true) return;
  throw new InvalidOptionsError(path, 'needs secure: true, or browsers refuse the cookie', secure);
}

function textLike(value: unknown, path: string, [form, rule]: readonly [RegExp, string]): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && form.test(value)) return value;
  throw new InvalidOptionsError(path, rule, value);
}

function resolveName(value: unknown, path: string, cookie: ResolvedSessionCookie): string {
  const ofHost = cookie.secure === true && cookie.path === '/' && cookie.domain === undefined;
  const rule =
    'must be letters, digits and other characters of a token, without spaces, separators and quotes';
  const name = textLike(value, path, [TOKEN, rule]) ?? (ofHost ? '__Host-sid' : 'sid');
  if (/^__host-/i.test(name) && !ofHost) {
    throw new InvalidOptionsError(
      path,
      "with __Host- needs cookie.secure: true, path '/' and no domain",
      name,
    );
  }
  if (/^__secure-/i.test(name) && cookie.secure !== true) {
    throw new InvalidOptionsError(path, 'with __Secure- needs cookie.secure: true', name);
  }
  return name;
}

function resolveExclude(value: unknown, path: string): (path: string) => boolean {
  if (value === undefined) return () => false;
  if (!Array.isArray(value)) throw new InvalidOptionsError(path, 'must be a list of paths', value);
  const paths = value.map((one: unknown, at) => {
    if (typeof one === 'string' && EXCLUDED.test(one)) return one;
    throw new InvalidOptionsError(`${path}[${at}]`, "must be a path such as '/health' or '/static/*'", one);
  });
  const whole = new Set(paths.filter((one) => !one.endsWith('*')));
  const starts = paths.filter((one) => one.endsWith('*')).map((one) => one.slice(0, -1));
  return (asked) => whole.has(asked) || starts.some((start) => asked.startsWith(start));
}

/** Processes that read the format of connect-redis take the attributes of a cookie from what is stored. */
function withCookie(storage: ResolvedSessionStorage, cookie: ResolvedSessionCookie): ResolvedSessionStorage {
  if (storage.legacy === undefined) return storage;
  const { path, domain, httpOnly, secure, sameSite } = cookie;
  const given = { path, domain, httpOnly, sameSite, ...(secure === 'auto' ? {} : { secure }) };
  return Object.freeze({
    ...storage,
    legacy: Object.freeze({ ...storage.legacy, cookie: Object.freeze(given) }),
  });
}

function weaknesses(cookie: ResolvedSessionCookie, path: string): string[] {
  const found: readonly (readonly [boolean, string])[] = [
    [!cookie.httpOnly, 'httpOnly: false lets scripts of the page read the session'],
    [cookie.secure === false, 'secure: false sends the session over plain HTTP'],
    [cookie.sameSite === 'none', "sameSite: 'none' sends the session along with requests of other sites"],
    [cookie.domain !== undefined, 'domain gives the session to all hosts below it'],
  ];
  return found.filter(([weak]) => weak).map(([, text]) => `${path}.${text}.`);
}
