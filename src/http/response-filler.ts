import type { Reservation } from '../cache/reservation.js';
import { packResponse, type StoredResponse } from './stored-response.js';

/** Takes the response of one run of a handler, once it is known whether there is one. The client does not wait for it. */
export interface ResponseFiller {
  /** The handler begins, and may take its time. */
  begin(): void;
  /** The handler has ended. */
  ended(): void;
  /** Stores the response. `ttl` in milliseconds, `null` = never expires. */
  store(response: StoredResponse, ttl: number | null, tags: readonly string[]): void;
  /** There is nothing to be stored. */
  drop(): void;
}

/** The right to store one response; see `Reservation`. */
export type Reserved = Pick<Reservation, 'keep' | 'letGo' | 'fill' | 'giveBack'>;

/** Stores nothing. */
export const NO_FILLER: ResponseFiller = Object.freeze({
  begin() {},
  ended() {},
  store() {},
  drop() {},
});

/** Stores under a reservation. `write` runs what is to be done once the running code is done. */
export function reservedFiller(
  reservation: Reserved,
  write: (work: () => Promise<void>) => void,
): ResponseFiller {
  return {
    begin: () => reservation.keep(),
    ended: () => reservation.letGo(),
    store: (response, ttl, tags) => write(() => reservation.fill(packResponse(response), ttl, tags)),
    drop: () => write(() => reservation.giveBack()),
  };
}
