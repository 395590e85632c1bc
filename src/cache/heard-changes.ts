import type { ChangeListener } from '../store/coherence.js';
import { flightId, flightPrefix } from './flight-id.js';
import type { Flights } from './flights.js';

/** What a store hears of other processes, told to the flights: what is loaded of older data is not to be shared any more. */
export function heardChanges(flights: Flights): ChangeListener {
  return {
    changed(path, key) {
      if (flights.size > 0) flights.detach(flightId(path, key));
    },
    tagChanged(tag) {
      if (flights.size > 0) flights.detachWhere((flight) => flight.tags.includes(tag));
    },
    allChanged(path) {
      flights.clears += 1;
      const start = flightPrefix(path);
      if (flights.size > 0) flights.detachWhere(({ id }) => id.startsWith(start));
    },
  };
}
