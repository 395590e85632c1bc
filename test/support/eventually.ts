import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats an assertion until it passes and gives its result. Waits between tries, longer each time (1–50 ms).
 *
 * @param timeout milliseconds, 5,000 by default; then the assertion's last error is thrown
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { timeout = 5_000 }: { timeout?: number } = {},
): Promise<T> {
  const end = performance.now() + timeout;
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() >= end) throw error;
    }
    await sleep(pause);
  }
}
