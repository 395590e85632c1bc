import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import { resolveConnectionOptions } from '../../src/connection/resolve-connection-options.js';
import { standaloneConnection } from '../../src/connection/standalone.js';

/** Connects outside of a test, as a process of its own does, and waits until commands are sent. */
export async function connectTo(url: string): Promise<ManagedConnection> {
  const raw = { url, deadline: 5_000, connect: 'required' };
  const resolved = resolveConnectionOptions('default', raw, 'connection');
  if (resolved.kind !== 'standalone') throw new Error('A URL leads to one server.');
  const reporter = { report: () => undefined };
  const connection = standaloneConnection(resolved, { reporter, probeKey: 'test:probe' });
  await connection.start();
  while (!connection.available) await sleep(5);
  return connection;
}
