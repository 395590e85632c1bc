import { STORE_COUNTER_CASES } from './store-counter-cases.js';
import { STORE_ENTRY_CASES } from './store-entry-cases.js';
import { STORE_KEY_CASES } from './store-key-cases.js';
import { STORE_TTL_CASES } from './store-ttl-cases.js';
import type { StoreCapability, StoreSubject } from './store-subject.js';
import { registerCases, type TestRunner } from './test-runner.js';

/** Which store the suite tries, and how. */
export interface StoreSuiteOptions {
  readonly name: string;
  /** Called for every test. What it gives shares no entry with what it gave before. */
  open(): StoreSubject | Promise<StoreSubject>;
  /** What the store cannot do, as `false`; everything else is tried. */
  readonly capabilities?: Partial<Record<StoreCapability, boolean>>;
}

/** Registers the tests that every `Store` must pass. */
export function storeConformance(runner: TestRunner, options: StoreSuiteOptions): void {
  const source = { open: () => options.open(), capabilities: options.capabilities ?? {} };
  runner.describe(`store: ${options.name}`, () => {
    registerCases(runner, 'entries', STORE_ENTRY_CASES, source);
    registerCases(runner, 'time to live', STORE_TTL_CASES, source);
    registerCases(runner, 'counters', STORE_COUNTER_CASES, source);
    registerCases(runner, 'keys and parts', STORE_KEY_CASES, source);
  });
}
