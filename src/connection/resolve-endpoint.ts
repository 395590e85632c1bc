import { InvalidOptionsError } from '../errors.js';
import type { ResolvedEndpoint, SocketOptions, TlsKey } from './connection-options.js';
import { optionalText, positiveDuration, requireKnown, requireObject, wholeNumber } from '../option.js';
import type { RedisUrl } from './redis-url.js';

const TLS_KEYS: readonly TlsKey[] = [
  'ca',
  'cert',
  'key',
  'pfx',
  'passphrase',
  'servername',
  'rejectUnauthorized',
  'checkServerIdentity',
  'ciphers',
  'minVersion',
  'maxVersion',
];
const KEYS = ['host', 'port', 'path', 'family', 'tls', 'connectTimeout', ...TLS_KEYS];

/**
 * Puts together where to connect from the URL and the socket's options.
 *
 * @throws InvalidOptionsError when one is wrong, or when both say something of the same matter
 */
export function resolveEndpoint(socket: unknown, url: RedisUrl | undefined, path: string): ResolvedEndpoint {
  const given = socket === undefined ? {} : requireObject(socket, path);
  requireKnown(given, KEYS, path);
  if (url !== undefined) {
    const twice = ['host', 'port', 'path'].find((key) => given[key] !== undefined);
    if (twice !== undefined)
      throw new InvalidOptionsError(`${path}.${twice}`, 'must not be given beside a url');
  }
  const socketPath = url === undefined ? optionalText(given['path'], `${path}.path`) : url.path;
  if (socketPath !== undefined && (given['host'] ?? given['port']) !== undefined) {
    throw new InvalidOptionsError(`${path}.path`, 'must not be given beside host and port');
  }
  const family = wholeNumber(given['family'], { path: `${path}.family`, from: 4, to: 6, fallback: 0 });
  return Object.freeze({
    host: url?.host ?? optionalText(given['host'], `${path}.host`) ?? 'localhost',
    port:
      url?.port ?? wholeNumber(given['port'], { path: `${path}.port`, from: 1, to: 65_535, fallback: 6379 }),
    path: socketPath,
    family: family === 0 ? undefined : family,
    connectTimeout: positiveDuration(given['connectTimeout'], `${path}.connectTimeout`, 2_000),
    tls: resolveTls(given, url, path),
  });
}

function resolveTls(given: SocketOptions, url: RedisUrl | undefined, path: string): ResolvedEndpoint['tls'] {
  const { tls } = given;
  if (tls !== undefined && typeof tls !== 'boolean') {
    throw new InvalidOptionsError(
      `${path}.tls`,
      'must be true or false; ca, cert and the like stand beside it',
      tls,
    );
  }
  if (url !== undefined && tls !== undefined && tls !== url.tls) {
    throw new InvalidOptionsError(
      `${path}.tls`,
      `contradicts the url: rediss:// speaks TLS, redis:// does not`,
      tls,
    );
  }
  const wanted = url?.tls === true || tls === true;
  const options: Record<string, unknown> = {};
  for (const key of TLS_KEYS) {
    if (given[key] === undefined) continue;
    if (!wanted)
      throw new InvalidOptionsError(`${path}.${key}`, 'needs tls: true beside it, or a rediss:// url');
    options[key] = given[key];
  }
  return wanted ? Object.freeze(options) : undefined;
}
