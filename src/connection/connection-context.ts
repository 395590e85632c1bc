import type { Clock } from '../clock.js';
import type { Reporter } from '../event/reporter.js';
import type { CreateClient } from './redis-client.js';

/** What a connection is given besides its options. */
export interface ConnectionContext {
  /** Is told of each change between up and down, once. */
  readonly reporter: Reporter;
  /** The key that is read to find out whether Redis serves us: one that the application's ACL user may read. */
  readonly probeKey: string;
  /** Default: the clock of this machine. */
  readonly clock?: Clock;
  /** Default: `createClient` of the installed package `redis`. */
  readonly createClient?: CreateClient;
}
