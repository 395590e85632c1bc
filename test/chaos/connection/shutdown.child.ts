// Closes connections in every state they can be in, in a process of its own that is expected to end by itself then:
// whatever stays open would keep it alive.
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import type { ResolvedStandalone } from '../../../src/connection/connection-options.js';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import type { CreateClient } from '../../../src/connection/redis-client.js';
import { resolveConnectionOptions } from '../../../src/connection/resolve-connection-options.js';
import { standaloneConnection } from '../../../src/connection/standalone.js';

const [version, url, nobody, silent, pid] = process.argv.slice(2) as [string, string, string, string, string];

/** A connection that somebody listens to: the clients that it may have are two. */
function make(to: unknown): ManagedConnection {
  const connection = standaloneConnection(
    resolveConnectionOptions('default', to, 'connection') as ResolvedStandalone,
    {
      probeKey: 'cache:#probe',
      createClient: (version === 'redis 5' ? createClient5 : createClient) as CreateClient,
      reporter: { report: () => undefined },
    },
  );
  connection.changes.listen(['p:'], { changed: () => undefined, lost: () => undefined });
  return connection;
}

async function closed(state: string, connection: ManagedConnection): Promise<void> {
  await connection.close();
  console.log(`${state}, closed`);
}

async function up(): Promise<ManagedConnection> {
  const connection = make(url);
  await connection.start();
  while (!connection.available || !connection.changes.trusted) await sleep(5);
  return connection;
}

await closed('up', await up());
await closed('never started', make(url));

const connecting = make(url);
void connecting.start();
await closed('connecting', connecting);

for (const [state, to] of [
  ['down', nobody],
  ['not greeted', silent],
  ['no TLS handshake', { url: silent.replace('redis:', 'rediss:'), socket: { connectTimeout: '1h' } }],
] as const) {
  const connection = make(to);
  await connection.start();
  await sleep(100);
  await closed(state, connection);
}

const hung = await up();
process.kill(Number(pid), 'SIGSTOP');
const call = hung.request({ key: 'k', args: ['GET', 'k'] }).catch(() => undefined);
await Promise.all([call, closed('hung', hung)]);

console.log('all closed');
setTimeout(() => console.log(`open: ${process.getActiveResourcesInfo().join()}`), 1_000).unref();
