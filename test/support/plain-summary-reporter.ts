import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with one plain line, `Tests: 12 passed, 0 failed`, for those who read it by program. */
export class PlainSummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) count[test.result().state] += 1;
      // A file that cannot be loaded, or whose hook throws, has failed without a test of its own to say so.
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed'))
        count.failed += 1;
    }
    const skipped = count.skipped + count.pending;
    const line = `Tests: ${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    // After the other reporters, which print their own summary in this same turn.
    process.once('exit', () => process.stdout.write(`${line}\n`));
  }
}
