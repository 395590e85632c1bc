import { InvalidOptionsError } from '../errors.js';
import type { RedisArgument } from './connection.js';

/**
 * A node-redis client (`redis` 5.10 or later) that belongs to the application: it connects and closes it. Described by
 * its shape, so that a client made by another copy of the package is as good.
 */
export interface BorrowedClient {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  sendCommand(args: readonly RedisArgument[], options?: object): Promise<unknown>;
  withCommandOptions(options: object): unknown;
  duplicate(overrides?: object): unknown;
  // oxlint-disable-next-line typescript/no-explicit-any -- as in node's own emitters: nothing narrower takes every client
  on(event: string, listener: (...args: any[]) => void): unknown;
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  off(event: string, listener: (...args: any[]) => void): unknown;
}

const METHODS = ['sendCommand', 'withCommandOptions', 'duplicate', 'on', 'off'] as const;
const RULE = "must be a client made by createClient() of the package 'redis', 5.10 or later";

/**
 * Checks the shape of a borrowed client.
 *
 * @throws InvalidOptionsError for anything else: a client of redis 4 or of ioredis, a pool, a cluster, a promise
 */
export function requireBorrowedClient(value: unknown, path: string): BorrowedClient {
  if (typeof value !== 'object' || value === null) throw new InvalidOptionsError(path, RULE, value);
  const found = value as Record<string, unknown>;
  if (typeof found['then'] === 'function') {
    throw new InvalidOptionsError(path, 'must be the client itself: await what connect() gives first');
  }
  const fits =
    typeof found['isOpen'] === 'boolean' &&
    typeof found['isReady'] === 'boolean' &&
    METHODS.every((method) => typeof found[method] === 'function') &&
    !('nodeClient' in found || 'getMasterNode' in found || 'totalClients' in found);
  if (!fits) throw new InvalidOptionsError(path, RULE);
  return value as BorrowedClient;
}
