import type { CodecOptions } from '../../../src/codec/codec-options.js';
import { createCodec } from '../../../src/codec/create-codec.js';
import type { Claim, Coherence, Fill, Lease, LeaseRequest, LoadEnd } from '../../../src/store/coherence.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import type { CoherentStore } from '../../../src/store/coherent-store.js';
import type { StoreWrite } from '../../../src/store/store.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const PLAIN: CodecOptions = {
  types: [],
  serializer: undefined,
  compressor: undefined,
  maxBytes: Infinity,
  format: 'entry',
};

/** A memory store with the clock that it goes by. */
export function storeAndClock(options: Partial<CodecOptions> = {}): {
  readonly store: CoherentStore;
  readonly coherence: Coherence;
  readonly clock: FakeClock;
} {
  const clock = new FakeClock();
  const store = memoryStore({
    codec: createCodec({ ...PLAIN, ...options }),
    clock,
    bounds: { max: 1_000, maxBytes: 1_000_000 },
    unreadable: () => undefined,
  });
  return { store, coherence: store.coherence, clock };
}

/** An entry that lives for a minute unless `terms` say otherwise. */
export function entry(key: string, value: unknown, terms: Partial<StoreWrite> = {}): StoreWrite {
  return { key, value, ttl: 60_000, ...terms };
}

/** What a load of `key` is told that begins now. */
export async function claim(
  { coherence }: CoherentStore,
  key: string,
  terms: Partial<LeaseRequest> = {},
): Promise<Claim> {
  const [one] = await coherence.acquire([{ key, tags: [], anew: false, ...terms }]);
  return one as Claim;
}

/** The lease of a load of `key` that begins now. @throws Error when it is not given */
export async function lease(
  store: CoherentStore,
  key: string,
  terms: Partial<LeaseRequest> = {},
): Promise<Lease> {
  const one = await claim(store, key, terms);
  if (one.state !== 'held') throw new Error(`The claim is ${one.state}.`);
  return one.lease;
}

/** The values of keys that are fresh. */
export async function freshValues(store: CoherentStore, ...keys: string[]): Promise<unknown[]> {
  const found = await store.read(keys);
  return found.map((one) => (one?.staleFor === undefined ? one?.value : undefined));
}

/** Ends loads, in the order of the fills. */
export async function endLoads({ coherence }: CoherentStore, ...fills: Fill[]): Promise<LoadEnd[]> {
  return coherence.fill(fills);
}
