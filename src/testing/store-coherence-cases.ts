import { STORE_COHERENCE_BARRIER_CASES } from './store-coherence-barrier-cases.js';
import { STORE_COHERENCE_LEASE_CASES } from './store-coherence-lease-cases.js';
import { STORE_COHERENCE_STALE_CASES } from './store-coherence-stale-cases.js';
import type { CoherenceCapability, CoherenceSubject } from './store-coherence-subject.js';
import { STORE_COHERENCE_TAG_CASES } from './store-coherence-tag-cases.js';
import { registerCases, type TestRunner } from './test-runner.js';

/** Which coherent store the suite tries, and how. */
export interface StoreCoherenceOptions {
  readonly name: string;
  /** Called for every test. What it gives shares no entry with what it gave before. */
  open(): CoherenceSubject | Promise<CoherenceSubject>;
  /** What the store cannot do in a test, as `false`; everything else is tried. */
  readonly capabilities?: Partial<Record<CoherenceCapability, boolean>>;
}

/** Registers the tests that every `CoherentStore` must pass, beside those of `storeConformance`. */
export function storeCoherence(runner: TestRunner, options: StoreCoherenceOptions): void {
  const source = { open: () => options.open(), capabilities: options.capabilities ?? {} };
  runner.describe(`coherence: ${options.name}`, () => {
    registerCases(runner, 'leases', STORE_COHERENCE_LEASE_CASES, source);
    registerCases(runner, 'stale entries', STORE_COHERENCE_STALE_CASES, source);
    registerCases(runner, 'tags', STORE_COHERENCE_TAG_CASES, source);
    registerCases(runner, 'barriers', STORE_COHERENCE_BARRIER_CASES, source);
  });
}
