import type { EntryListener } from '../store/coherence.js';
import { flightId } from './flight-id.js';
import type { Flights } from './flights.js';

/**
 * What a store hears of other processes, told to the flights: what is loaded of older data is not to be shared any more, and
 * who comes now need not wait for it. Tags and generations tell nothing of this kind, since one that is made for the first
 * time changes as one does that is invalidated: what they make invalid, the end of a load finds out.
 */
export function heardChanges(flights: Flights): EntryListener {
  return (path, key) => {
    if (flights.size > 0) flights.detach(flightId(path, key));
  };
}
