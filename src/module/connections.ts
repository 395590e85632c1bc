import type { Clock } from '../clock.js';
import { borrowedConnection } from '../connection/borrowed.js';
import type { ResolvedConnection } from '../connection/connection-options.js';
import type { ManagedConnection } from '../connection/managed-connection.js';
import { standaloneConnection } from '../connection/standalone.js';
import { InvalidOptionsError } from '../errors.js';
import type { Reporter } from '../event/reporter.js';

/** The connections of one application, by name. */
export class Connections {
  readonly all: ReadonlyMap<string, ManagedConnection>;

  constructor(
    resolved: ReadonlyMap<string, ResolvedConnection>,
    parts: { readonly reporter: Reporter; readonly clock: Clock; readonly probeKey: string },
  ) {
    const all = new Map<string, ManagedConnection>();
    for (const [name, options] of resolved) {
      all.set(
        name,
        options.kind === 'borrowed'
          ? borrowedConnection(options, parts)
          : standaloneConnection(options, parts),
      );
    }
    this.all = all;
  }

  /** The connection of a name. */
  get(name: string): ManagedConnection {
    const found = this.all.get(name);
    if (found !== undefined) return found;
    const names = [...this.all.keys()].map((one) => `'${one}'`).join(', ') || 'none';
    throw new InvalidOptionsError('connection', `there is no such connection (declared: ${names})`, name);
  }

  /** Begins to connect all. Closes all again when one that is required cannot be reached. */
  async start(): Promise<void> {
    try {
      await Promise.all([...this.all.values()].map((one) => one.start()));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Closes what is ours and lets go of what is borrowed. */
  async close(): Promise<void> {
    await Promise.all([...this.all.values()].map((one) => one.close()));
  }
}
