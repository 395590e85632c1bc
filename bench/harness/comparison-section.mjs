import { median, medianInterval } from './bootstrap.mjs';
import { pairedRounds } from './paired-rounds.mjs';
import { figure, ratioText, verdict } from './target.mjs';

/** @typedef {import('./load.mjs').Operation} Operation */
/** @typedef {import('./load.mjs').Cost} Cost */

/**
 * One rival in one section.
 *
 * @typedef {import('./paired-rounds.mjs').Contender & { target?: import('./target.mjs').Target | undefined }} Rival
 */

/**
 * Measures ours beside each rival, with `callers` at a time, and gives the section of the results. Targets are for the
 * speed (the rival's time by ours), or where `measure` is `cpu` for the CPU time (ours by the rival's).
 *
 * `cpu` = where ours runs, if not in this process. An operation that does `per` things at once is given per thing. `text` stands above the table.
 *
 * @param {string} title
 * @param {{ ours: Operation, rivals: readonly Rival[], callers: number, measure: 'speed' | 'cpu', cpu?: import('./load.mjs').CpuMeter, per?: number, text?: string }} what
 * @returns {Promise<import('./report.mjs').Section>}
 */
export async function comparisonSection(
  title,
  { ours, rivals, callers, measure, cpu: meter, per = 1, text },
) {
  const comparisons = await pairedRounds({ name: 'ours', operation: ours, cpu: meter }, rivals, { callers });
  const rows = comparisons.map(({ rival, ours: mine, theirs }, index) => {
    const { target } = /** @type {Rival} */ (rivals[index]);
    const speed = ratios(theirs, mine, 'wall');
    const cpu = ratios(mine, theirs, 'cpu');
    const times = [mine, theirs].flatMap((costs) => [
      typical(costs, 'wall', per),
      typical(costs, 'cpu', per),
    ]);
    const [ownWall, ownCpu, wall, usedCpu] = times;
    return measure === 'cpu'
      ? [rival, ownCpu, usedCpu, ratioText(cpu), ...verdict(target, cpu)]
      : [rival, ownWall, wall, ratioText(speed), ...verdict(target, speed), ratioText(cpu)];
  });
  const section = { title, head: HEADS[measure], rows: /** @type {string[][]} */ (rows) };
  return text === undefined ? section : { ...section, text };
}

/**
 * The rows of several comparisons, each under the name that it gave to its rival, as one section.
 *
 * @param {string} title
 * @param {string} text
 * @param {readonly import('./report.mjs').Section[]} sections at least one
 * @returns {import('./report.mjs').Section}
 */
export function joinedSections(title, text, sections) {
  const head = ['', ...(sections[0]?.head.slice(1) ?? [])];
  return { title, text, head, rows: sections.flatMap(({ rows }) => rows) };
}

const HEADS = {
  speed: ['rival', 'ours, µs', 'rival, µs', 'speed, ours ÷ rival', 'target', '', 'CPU time, ours ÷ rival'],
  cpu: ['rival', 'ours, CPU µs', 'rival, CPU µs', 'CPU time, ours ÷ rival', 'target', ''],
};

/**
 * @param {readonly Cost[]} above
 * @param {readonly Cost[]} below
 * @param {keyof Cost} of
 */
function ratios(above, below, of) {
  return medianInterval(above.map((cost, round) => cost[of] / (below[round]?.[of] ?? NaN)));
}

/**
 * @param {readonly Cost[]} costs
 * @param {keyof Cost} of
 * @param {number} per
 */
function typical(costs, of, per) {
  return figure(median(costs.map((cost) => cost[of])) / per);
}
