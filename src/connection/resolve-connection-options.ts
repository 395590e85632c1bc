import { InvalidOptionsError } from '../errors.js';
import { requireBorrowedClient } from './borrowed-client.js';
import type { ResolvedBehaviour, ResolvedConnection, ResolvedStandalone } from './connection-options.js';
import {
  oneOf,
  optionalText,
  positiveDuration,
  requireKnown,
  requireObject,
  wholeNumber,
  type RawOptions,
} from '../option.js';
import { parseRedisUrl } from './redis-url.js';
import { resolveEndpoint } from './resolve-endpoint.js';

const BEHAVIOUR = ['deadline', 'breaker', 'connect'];
const STANDALONE = ['url', 'socket', 'username', 'password', 'database', 'clientName', 'maxPending'];

/**
 * Checks the options of the connection `name` and completes them. `path` is where they stand, for the errors. No error
 * shows a password or a URL.
 *
 * @throws InvalidOptionsError naming the option, the rule and, where it is no secret, the value
 */
export function resolveConnectionOptions(name: string, raw: unknown, path: string): ResolvedConnection {
  if (typeof raw === 'string') return resolveStandalone(name, { url: raw }, path, path);
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new InvalidOptionsError(
      path,
      'must be a URL, an object of options, or an object with a client',
      raw,
    );
  }
  const options = raw as RawOptions;
  if (!('client' in options)) {
    requireKnown(options, [...STANDALONE, ...BEHAVIOUR], path);
    return resolveStandalone(name, options, path, `${path}.url`);
  }
  requireKnown(options, ['client', ...BEHAVIOUR], path);
  const client = requireBorrowedClient(options['client'], `${path}.client`);
  return Object.freeze({ kind: 'borrowed', ...resolveBehaviour(name, options, path), client });
}

function resolveStandalone(
  name: string,
  options: RawOptions,
  path: string,
  urlPath: string,
): ResolvedStandalone {
  const url = resolveUrl(options, path, urlPath);
  for (const key of ['username', 'password', 'database'] as const) {
    if (url?.[key] === undefined || options[key] === undefined) continue;
    throw new InvalidOptionsError(`${path}.${key}`, 'must not be given beside a url that holds one');
  }
  const username = url?.username ?? optionalText(options['username'], `${path}.username`);
  const password = url?.password ?? optionalText(options['password'], `${path}.password`);
  if (username !== undefined && password === undefined) {
    throw new InvalidOptionsError(`${path}.username`, 'needs a password beside it');
  }
  return Object.freeze({
    kind: 'standalone',
    ...resolveBehaviour(name, options, path),
    endpoint: resolveEndpoint(options['socket'], url, `${path}.socket`),
    username,
    password,
    database:
      url?.database ?? wholeNumber(options['database'], { path: `${path}.database`, from: 0, fallback: 0 }),
    clientName: optionalText(options['clientName'], `${path}.clientName`),
    maxPending: wholeNumber(options['maxPending'], { path: `${path}.maxPending`, from: 1, fallback: 50_000 }),
  });
}

function resolveUrl(
  options: RawOptions,
  path: string,
  urlPath: string,
): ReturnType<typeof parseRedisUrl> | undefined {
  const { url, socket } = options;
  if (typeof url === 'string' && url !== '') return parseRedisUrl(url, urlPath);
  if ('url' in options) {
    throw new InvalidOptionsError(
      urlPath,
      'must be a URL; is a variable of the environment missing?',
      typeof url,
    );
  }
  if (socket === undefined) throw new InvalidOptionsError(path, 'needs a url, a socket or a client');
  return undefined;
}

function resolveBehaviour(name: string, options: RawOptions, path: string): ResolvedBehaviour {
  const { breaker, deadline, connect } = options;
  const given = breaker === undefined ? {} : requireObject(breaker, `${path}.breaker`);
  requireKnown(given, ['timeouts', 'reconnectAfter'], `${path}.breaker`);
  return {
    name,
    deadline: positiveDuration(deadline, `${path}.deadline`, 250),
    breaker: Object.freeze({
      timeouts: wholeNumber(given['timeouts'], { path: `${path}.breaker.timeouts`, from: 1, fallback: 5 }),
      reconnectAfter: positiveDuration(given['reconnectAfter'], `${path}.breaker.reconnectAfter`, 2_000),
    }),
    connect: oneOf(connect, ['background', 'required'], `${path}.connect`),
  };
}
