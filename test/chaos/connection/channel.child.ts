// A process that listens to changes, is stopped by its parent, and says what it trusts when it goes on.
import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import type { ResolvedStandalone } from '../../../src/connection/connection-options.js';
import type { CreateClient } from '../../../src/connection/redis-client.js';
import { resolveConnectionOptions } from '../../../src/connection/resolve-connection-options.js';
import { standaloneConnection } from '../../../src/connection/standalone.js';

const [version, url] = process.argv.slice(2) as [string, string];
const connection = standaloneConnection(
  resolveConnectionOptions('default', url, 'connection') as ResolvedStandalone,
  {
    probeKey: 'cache:#probe',
    createClient: (version === 'redis 5' ? createClient5 : createClient) as CreateClient,
    reporter: { report: () => undefined },
  },
);
const { changes } = connection;
const told: string[] = [];
changes.listen(['p:'], { changed: (key) => told.push(key), lost: () => told.push('lost') });
await connection.start();

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
while (!changes.trusted) await nextTurn();
console.log('trusted');

let last = performance.now();
let untrusted = 0;
for (;;) {
  // In this order: a stop between the two is seen as one in the next turn.
  const now = performance.now();
  const trusted = changes.trusted;
  if (now - last > 1_500) {
    console.log(`woke up ${trusted ? 'trusted' : 'untrusted'}`);
    break;
  }
  last = now;
  if (!trusted) untrusted += 1;
  await nextTurn();
}
while (!changes.trusted) await nextTurn();
console.log(`trusted again, told ${told.slice(2).join()}, untrusted before ${untrusted}`);
await connection.close();
