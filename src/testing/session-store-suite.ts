import { SESSION_END_CASES } from './session-end-cases.js';
import { SESSION_ENTRY_CASES } from './session-entry-cases.js';
import { SESSION_LIFE_CASES } from './session-life-cases.js';
import { SESSION_RACE_CASES } from './session-race-cases.js';
import type { SessionStoreCapability, SessionStoreSubject } from './session-store-subject.js';
import { registerCases, type TestRunner } from './test-runner.js';

/** Which store of sessions the suite tries, and how. */
export interface SessionStoreSuiteOptions {
  readonly name: string;
  /** Called for every test. What it gives shares no session with what it gave before. */
  open(): SessionStoreSubject | Promise<SessionStoreSubject>;
  /** What the store cannot do, as `false`; everything else is tried. */
  readonly capabilities?: Partial<Record<SessionStoreCapability, boolean>>;
}

/** Registers the tests of a store of sessions, as express-session and `@fastify/session` use it. */
export function sessionStoreConformance(runner: TestRunner, options: SessionStoreSuiteOptions): void {
  const source = { open: () => options.open(), capabilities: options.capabilities ?? {} };
  runner.describe(`sessions: ${options.name}`, () => {
    registerCases(runner, 'sessions', SESSION_ENTRY_CASES, source);
    registerCases(runner, 'their life', SESSION_LIFE_CASES, source);
    registerCases(runner, 'requests at the same time', SESSION_RACE_CASES, source);
    registerCases(runner, 'their end', SESSION_END_CASES, source);
  });
}
