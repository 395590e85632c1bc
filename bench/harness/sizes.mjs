import { medianInterval } from './bootstrap.mjs';
import { now } from './monotonic.mjs';
import { atMost, figure, ratioText, verdict } from './target.mjs';

const LARGEST = Number(process.env['BENCH_ENTRIES'] ?? 1_000_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 21);
/** Calls of one slice. */
const CALLS = 10;
const BOUND = 2;

/** How many entries a call concerns. */
export const SIZES = [1_000, 10_000, 100_000, 1_000_000].filter((size) => size <= LARGEST);

/** What the columns of `flatRow` say. */
export const FLAT_HEAD = [
  'ms per call, on entries:',
  ...SIZES.map(sizeText),
  'largest ÷ smallest',
  'target',
  '',
];

/**
 * Measures a call at every size, slices of all sizes next to each other in each round, and gives a row of a table.
 *
 * @param {string} name
 * @param {(size: number) => Promise<unknown>} call
 * @param {{ before?: (size: number) => Promise<unknown>, rounds?: number, calls?: number, judged?: boolean }} [options]
 *   `before` runs ahead of each call and is not measured.
 */
export async function flatRow(name, call, options = {}) {
  const { before, rounds = ROUNDS, calls = CALLS, judged = false } = options;
  const times = new Map(SIZES.map((size) => [size, /** @type {number[]} */ ([])]));
  for (let round = 0; round < rounds; round++) {
    for (const size of round % 2 === 0 ? SIZES : SIZES.toReversed()) {
      let took = 0;
      for (let count = 0; count < calls; count++) {
        await before?.(size);
        const start = now();
        await call(size);
        took += now() - start;
      }
      times.get(size)?.push(took / calls);
    }
  }
  const smallest = times.get(SIZES[0] ?? NaN) ?? [];
  const largest = times.get(SIZES.at(-1) ?? NaN) ?? [];
  const ratio = medianInterval(largest.map((one, round) => one / (smallest[round] ?? NaN)));
  return [
    name,
    ...SIZES.map((size) => figure(medianInterval(times.get(size) ?? []).estimate)),
    ratioText(ratio),
    ...verdict(judged ? atMost(BOUND) : undefined, ratio),
  ];
}

/** @param {number} size */
export function sizeText(size) {
  return size.toLocaleString('en');
}
