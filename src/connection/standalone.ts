import { createClient } from 'redis';
import { systemClock } from '../clock.js';
import type { ConnectionContext } from './connection-context.js';
import type { ResolvedStandalone } from './connection-options.js';
import type { ManagedConnection } from './managed-connection.js';
import { NodeConnection } from './node-connection.js';
import { OwnedLink } from './owned-link.js';
import { makeRedisClient } from './redis-client.js';
import { TrySignal } from './try-signal.js';

/** A connection to one server by a client of our own. It does nothing before `start`. */
export function standaloneConnection(
  options: ResolvedStandalone,
  context: ConnectionContext,
): ManagedConnection {
  const { reporter, probeKey, clock = systemClock } = context;
  const abort = new TrySignal();
  const client = makeRedisClient(options, context.createClient ?? createClient, abort);
  const handshake = options.endpoint.connectTimeout;
  return new NodeConnection({
    options,
    client,
    clock,
    reporter,
    probeKey,
    link: (listener) => new OwnedLink({ client, clock, handshake, abort }, listener),
  });
}
