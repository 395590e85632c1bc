/** @typedef {import('./bootstrap.mjs').Interval} Interval */

/**
 * What a ratio must be. It is missed only if the whole interval of the ratio misses it.
 *
 * @typedef {{ text: string, missedBy: (ratio: Interval) => boolean }} Target
 */

/**
 * @param {number} bound
 * @returns {Target}
 */
export function atLeast(bound) {
  return { text: `≥ ${bound}`, missedBy: ({ high }) => high < bound };
}

/**
 * @param {number} bound
 * @returns {Target}
 */
export function atMost(bound) {
  return { text: `≤ ${bound}`, missedBy: ({ low }) => low > bound };
}

/**
 * The cells of a target and of whether a ratio reaches it.
 *
 * @param {Target | undefined} target
 * @param {Interval} ratio
 * @returns {[string, string]}
 */
export function verdict(target, ratio) {
  if (target === undefined) return ['', ''];
  return [target.text, target.missedBy(ratio) ? '**missed**' : 'reached'];
}

/** @param {Interval} ratio */
export function ratioText({ estimate, low, high }) {
  return `${figure(estimate)} [${figure(low)}, ${figure(high)}]`;
}

/**
 * A number with three digits that mean something.
 *
 * @param {number} value
 */
export function figure(value) {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2).replace('-', '−');
}
