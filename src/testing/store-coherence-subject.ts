import type { Claim, Fill, Lease, LeaseRequest, LoadEnd } from '../store/coherence.js';
import type { CoherentStore } from '../store/coherent-store.js';
import type { StoreWrite } from '../store/store.js';

/**
 * What not every coherent store can do in a test: `watch` tells of changes; `wait` lets seconds pass at once, by a
 * `FakeClock`.
 */
export type CoherenceCapability = 'watch' | 'wait';

/** Two ways to the same entries, of which there are none yet. */
export interface CoherenceSubject {
  /** Those of two processes; or, where entries belong to one process, twice the same store. */
  readonly stores: readonly [CoherentStore, CoherentStore];
  /** Lets milliseconds pass for the stores: a `FakeClock` that they go by is advanced, or they are really waited. */
  pass(milliseconds: number): void | Promise<void>;
  close?(): unknown;
}

/** How a load ends whose value is in the store, and for everybody. */
export const STORED: LoadEnd = Object.freeze({ stored: true, current: true });
/** How one ends that stored nothing and was not disturbed. */
export const CURRENT: LoadEnd = Object.freeze({ stored: false, current: true });
/** How one ends that was overtaken. */
export const OVERTAKEN: LoadEnd = Object.freeze({ stored: false, current: false });

/** An entry that lives for a minute unless `terms` say otherwise. */
export function write(key: string, value: unknown, terms: Partial<StoreWrite> = {}): StoreWrite {
  return { key, value, ttl: 60_000, ...terms };
}

/** Writes an entry. */
export async function put(
  store: CoherentStore,
  key: string,
  value: unknown,
  terms: Partial<StoreWrite> = {},
): Promise<boolean> {
  const [written] = await store.write([write(key, value, terms)], 'set');
  return written as boolean;
}

/** What a load of a key is told that begins now. */
export async function claim(
  store: CoherentStore,
  key: string,
  terms: Partial<LeaseRequest> = {},
): Promise<Claim> {
  const [one] = await store.coherence.acquire([{ key, tags: [], anew: false, ...terms }]);
  return one as Claim;
}

/** What it is told, in a word. */
export async function stateOf(
  store: CoherentStore,
  key: string,
  terms: Partial<LeaseRequest> = {},
): Promise<string> {
  const one = await claim(store, key, terms);
  return one.state === 'busy' && one.failed ? 'failed' : one.state;
}

/** The lease of a load that begins now. @throws Error when it is not given */
export async function begin(
  store: CoherentStore,
  key: string,
  terms: Partial<LeaseRequest> = {},
): Promise<Lease> {
  const one = await claim(store, key, terms);
  if (one.state !== 'held') throw new Error(`The lease of ${key} was not given: ${one.state}.`);
  return one.lease;
}

/** Ends loads with their values. */
export function endLoads(store: CoherentStore, ...fills: readonly Fill[]): Promise<LoadEnd[]> {
  return store.coherence.fill(fills);
}

/** Ends a load with a value. */
export async function fill(
  store: CoherentStore,
  lease: Lease,
  value: unknown,
  terms: Partial<StoreWrite> = {},
): Promise<LoadEnd> {
  const [end] = await endLoads(store, { lease, write: write(lease.key, value, terms) });
  return end as LoadEnd;
}

/** Loads a key: a lease, and its fill. */
export async function load(
  store: CoherentStore,
  key: string,
  value: unknown,
  terms: Partial<StoreWrite> = {},
): Promise<LoadEnd> {
  const lease = await begin(store, key, { tags: terms.tags ?? [], anew: true });
  return fill(store, lease, value, terms);
}

/** The values of keys that are fresh. */
export async function valuesOf(store: CoherentStore, ...keys: string[]): Promise<unknown[]> {
  const found = await store.read(keys);
  return found.map((one) => (one?.staleFor === undefined ? one?.value : undefined));
}
