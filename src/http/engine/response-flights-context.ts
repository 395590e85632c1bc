import type { Load, ReadThroughResult } from '../../cache/read-through.js';
import type { ShareOptions } from '../../cache/load-options.js';
import type { Reservation } from '../../cache/reservation.js';
import type { Clock } from '../../clock.js';
import type { Variants } from './variants.js';

/** The part of a cache that holds responses: methods of `NamedCache`, not all of which are public. */
export interface ResponseCachePart {
  get(key: string): Promise<unknown>;
  glance<T>(key: string, read: (bytes: Buffer) => T | undefined): T | undefined;
  share(key: string, load: Load, options: ShareOptions): Promise<ReadThroughResult>;
  reserve(
    key: string,
    tags: readonly string[],
    anew: boolean,
  ): Promise<Pick<Reservation, 'keep' | 'put' | 'giveBack'> | undefined>;
}

/** What response flights stand on. `settling` is told of what is to be waited for before the application ends. */
export interface ResponseFlightsContext {
  readonly cache: ResponseCachePart;
  readonly variants: Variants;
  readonly clock: Clock;
  readonly settling: (work: Promise<unknown>) => void;
}
