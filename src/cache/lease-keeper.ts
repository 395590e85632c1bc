import type { Clock } from '../clock.js';
import { LEASE_TIME, type Coherence, type Lease } from '../store/coherence.js';
import type { Flight } from './flights.js';

/** How often a lease is renewed: twice before it would be taken over. */
const RENEW_AFTER = LEASE_TIME / 3;

/**
 * Keeps the leases of flights alive while their loader runs. One that is lost is not renewed any more: somebody else may
 * load then, and the fill of this one will not be accepted.
 *
 * @returns what ends it
 */
export function keepLeases(coherence: Coherence, clock: Clock, flights: readonly Flight[]): () => void {
  let held = flights.filter(({ lease }) => lease !== undefined);
  let cancel: (() => void) | undefined;
  let over = false;
  const renew = async (): Promise<void> => {
    // Some were given back meanwhile, since their keys have changed.
    held = held.filter(({ lease }) => lease !== undefined);
    try {
      const renewed = await coherence.renew(held.map(({ lease }) => lease as Lease));
      held = held.filter((_, index) => renewed[index] === true);
    } catch {
      // Redis is out of reach. It may be back before the lease has run out.
    }
    if (!over) again();
  };
  const again = (): void => {
    if (held.length > 0) cancel = clock.schedule(RENEW_AFTER, () => void renew());
  };
  again();
  return () => {
    over = true;
    cancel?.();
  };
}
