import type { CacheScope } from './cache-scope.js';
import { joinTags } from './check-tags.js';
import { Claiming } from './claiming.js';
import { Filling, type LoadedValue } from './filling.js';
import { Flight } from './flights.js';
import { keepLeases } from './lease-keeper.js';
import { refuseTags } from './plain-coherence.js';

/**
 * The right to store one value that is made outside of the cache, such as a response. It is good while nobody writes or
 * removes the key, invalidates one of the value's tags or clears the cache; unless it is kept, for `LEASE_TIME` only.
 */
export class Reservation {
  readonly #scope: CacheScope;
  readonly #flight: Flight;
  #stopKeeping: (() => void) | undefined;

  constructor(scope: CacheScope, flight: Flight) {
    this.#scope = scope;
    this.#flight = flight;
  }

  /** Keeps it good until `letGo`, `put` or `giveBack`. */
  keep(): void {
    const { coherence, context } = this.#scope;
    this.#stopKeeping = keepLeases(coherence, context.clock, [this.#flight]);
  }

  /** Keeps it no longer than the rest of its time. */
  letGo(): void {
    this.#stopKeeping?.();
  }

  /** Stores a value, if it is still good, and ends it. What is refused is told by an event. */
  async put({ tags, ...rest }: ReservedValue): Promise<void> {
    await this.#end({ ...rest, tags: joinTags([], tags) });
  }

  /** Ends it without a value, so that somebody else may make one. */
  async giveBack(): Promise<void> {
    await this.#end({ value: undefined, ttl: null, grace: 0, tags: [] });
  }

  async #end(value: ReservedValue): Promise<void> {
    this.letGo();
    await new Filling(this.#scope).end([{ ...value, flight: this.#flight, replaces: false }]);
  }
}

/** What is stored under a reservation. */
export type ReservedValue = Omit<LoadedValue, 'flight' | 'replaces'>;

/**
 * Asks once for the right to store a value under a key, before what it is made of is read; `undefined` = somebody is making
 * it already, it is there (but for `anew`), or what is made now must not be stored. `tags` are those that are known already; nobody
 * checks them any more, so that the library's own may be among them.
 *
 * @throws InvalidOptionsError for tags, when the store knows none
 */
export async function reserve(
  scope: CacheScope,
  key: string,
  tags: readonly string[],
  anew: boolean,
): Promise<Reservation | undefined> {
  if (!scope.coherent) refuseTags('tags', tags);
  const flight = new Flight(scope.flightOf(key), key, joinTags([], tags));
  await new Claiming(scope).acquire([flight], anew);
  return flight.lease === undefined ? undefined : new Reservation(scope, flight);
}
