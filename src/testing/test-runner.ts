/** What the suites ask of `expect(value)`: Vitest, Jest and the package `expect` have it. */
export interface Expectation {
  toBe(expected: unknown): unknown;
  toStrictEqual(expected: unknown): unknown;
}

/** A test runner: `{ describe, it, expect }` of Vitest, of Jest, or put together from parts of others. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
  expect(actual: unknown): Expectation;
}

/** One behaviour: what it is called, and how it is seen. `needs` names what not every implementation can do. */
export interface BehaviourCase<Subject, Capability extends string = never> {
  readonly title: string;
  readonly needs?: readonly Capability[];
  run(subject: Subject, expect: TestRunner['expect']): Promise<void>;
}

/** How a suite gets what it tries, and lets go of it. */
export interface CaseSource<Subject extends { close?(): unknown }, Capability extends string> {
  open(): Subject | Promise<Subject>;
  readonly capabilities: Readonly<Partial<Record<Capability, boolean>>>;
}

/** Registers cases as tests of their own, each with a fresh subject that is closed in any case. */
export function registerCases<Subject extends { close?(): unknown }, Capability extends string>(
  runner: TestRunner,
  title: string,
  cases: readonly BehaviourCase<Subject, Capability>[],
  source: CaseSource<Subject, Capability>,
): void {
  const able = cases.filter(({ needs = [] }) => needs.every((one) => source.capabilities[one] !== false));
  if (able.length === 0) return;
  runner.describe(title, () => {
    for (const one of able) {
      runner.it(one.title, async () => {
        const subject = await source.open();
        try {
          await one.run(subject, runner.expect);
        } finally {
          await subject.close?.();
        }
      });
    }
  });
}
