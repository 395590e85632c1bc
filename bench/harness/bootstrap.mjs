const RESAMPLES = 4_000;

/**
 * An estimate with its 95 % interval.
 *
 * @typedef {{ estimate: number, low: number, high: number }} Interval
 */

/**
 * The median of a sample, and the interval in which it lies with 95 %: the percentile bootstrap. The same sample gives the
 * same interval.
 *
 * @param {readonly number[]} sample
 * @returns {Interval}
 */
export function medianInterval(sample) {
  const random = seededRandom(sample.length);
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(sample.map(() => sample[Math.floor(random() * sample.length)] ?? NaN)),
  ).sort(ascending);
  const at = (/** @type {number} */ share) => medians[Math.round(share * (RESAMPLES - 1))] ?? NaN;
  return { estimate: median(sample), low: at(0.025), high: at(0.975) };
}

/** @param {readonly number[]} sample */
export function median(sample) {
  const sorted = [...sample].sort(ascending);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2;
}

/**
 * @param {number} a
 * @param {number} b
 */
function ascending(a, b) {
  return a - b;
}

/**
 * Numbers from 0 to 1 that look random (a xorshift generator).
 *
 * @param {number} seed
 */
function seededRandom(seed) {
  let state = (seed + 1) * 0x9e37_79b1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
