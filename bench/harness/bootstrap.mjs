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
  return intervalOf(sample, median);
}

/**
 * The same for the value below which a share of a sample lies.
 *
 * @param {readonly number[]} sample
 * @param {number} share
 * @returns {Interval}
 */
export function quantileInterval(sample, share) {
  return intervalOf(sample, (one) => quantile(one, share));
}

/**
 * @param {readonly number[]} sample
 * @param {(sample: readonly number[]) => number} statistic
 */
function intervalOf(sample, statistic) {
  const random = seededRandom(sample.length);
  const found = Array.from({ length: RESAMPLES }, () =>
    statistic(sample.map(() => sample[Math.floor(random() * sample.length)] ?? NaN)),
  ).sort(ascending);
  const at = (/** @type {number} */ share) => found[Math.round(share * (RESAMPLES - 1))] ?? NaN;
  return { estimate: statistic(sample), low: at(0.025), high: at(0.975) };
}

/** @param {readonly number[]} sample */
export function median(sample) {
  const sorted = [...sample].sort(ascending);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2;
}

/**
 * The value below which a share of a sample lies (nearest rank): 0.99 = the 99th percentile.
 *
 * @param {readonly number[]} sample
 * @param {number} share
 */
export function quantile(sample, share) {
  const sorted = Float64Array.from(sample).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
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
