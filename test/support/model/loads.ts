import { KEYS, type Key } from './programs.js';

/** A loader that runs. */
interface Running {
  readonly node: string;
  /** When its caller asked. */
  readonly asked: number;
  /** Whether its node hears of changes: what it is told late makes it give its lease up. */
  readonly hears: boolean;
}

interface Disturbed {
  /** How much of what may end a lease is under way. */
  open: number;
  /** When the last of it ended. */
  ended: number;
}

/**
 * Nobody takes a lease that somebody else holds: what is loaded is stored by one loader at a time. And loaders of a key run
 * one after the other in all nodes, unless something may have ended the lease of the first one: a change of the key, or a
 * mishap.
 */
export class Loads {
  readonly violations: string[] = [];
  readonly #disturbed = new Map<Key, Disturbed>(KEYS.map((key) => [key, { open: 0, ended: -1 }]));
  readonly #running = new Map<Key, Set<Running>>(KEYS.map((key) => [key, new Set()]));
  readonly #leases = new Map<string, string>();
  #now = 0;

  /** What stands in Redis under a lease has changed. `undefined` = nobody holds it any more. */
  leased(lease: string, token: string | undefined): void {
    const before = this.#leases.get(lease);
    if (token === undefined) this.#leases.delete(lease);
    else this.#leases.set(lease, token);
    if (before === undefined || token === undefined || before === token) return;
    this.violations.push(`${lease} was taken from who held it`);
  }

  /** Something may end leases of these keys from now on, until the returned function is called. */
  disturb(keys: readonly Key[]): () => void {
    const all = keys.map((key) => this.#disturbed.get(key) as Disturbed);
    for (const one of all) one.open += 1;
    return () => {
      for (const one of all) {
        one.open -= 1;
        one.ended = ++this.#now;
      }
    };
  }

  /** A caller asks for something. Gives the moment. */
  ask(): number {
    return ++this.#now;
  }

  /** A loader of a key begins; call what is given when it ends. */
  begin(key: Key, { node, asked, hears }: Running): () => void {
    const running = this.#running.get(key) as Set<Running>;
    const { open, ended } = this.#disturbed.get(key) as Disturbed;
    for (const other of running) {
      if (other.hears || open > 0 || ended > Math.min(asked, other.asked)) continue;
      this.violations.push(`${node} loads ${key} while ${other.node} does`);
    }
    const own = { node, asked, hears };
    running.add(own);
    return () => void running.delete(own);
  }
}
