import { systemClock } from '../clock.js';
import { BorrowedLink } from './borrowed-link.js';
import type { ConnectionContext } from './connection-context.js';
import type { ResolvedBorrowed } from './connection-options.js';
import type { ManagedConnection } from './managed-connection.js';
import { NodeConnection } from './node-connection.js';

/**
 * A connection over a client that belongs to the application. It neither connects nor closes the client, and takes its
 * listeners off it on `close`. It does nothing before `start`.
 */
export function borrowedConnection(options: ResolvedBorrowed, context: ConnectionContext): ManagedConnection {
  const { reporter, probeKey, clock = systemClock } = context;
  const { client } = options;
  return new NodeConnection({
    options,
    client,
    clock,
    reporter,
    probeKey,
    link: (listener) => new BorrowedLink(client, clock, listener),
  });
}
