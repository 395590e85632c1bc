/** One answer of a page. Times are of `performance.now()`. */
export interface Answer {
  readonly asked: number;
  readonly answered: number;
  /** The number of the newest change that it shows; 0 = none. */
  readonly change: number;
  readonly fromMemory: boolean;
}

/** What the answers of one page come to. Times are milliseconds. */
export interface Findings {
  readonly page: string;
  readonly changes: number;
  readonly answers: number;
  readonly fromMemory: number;
  /** From a change's acknowledgement to the first answer that shows it: the median. Negative = the answer came first; infinite = there was none. */
  readonly newAfter: number;
  /** Answers that did not show a change which had been acknowledged when they were asked for. */
  readonly old: number;
  /** How long after the acknowledgement the last of those was asked for; 0 without any. */
  readonly oldUntil: number;
}

/** The longest that a copy may go on showing what another one has changed, in milliseconds: docs/guide/memory-tier.md. */
export const GUARANTEED = 1_000;

/** Compares the answers with the changes; `acknowledged[0]` is when the first change was acknowledged. */
export function findingsOf(
  page: string,
  answers: readonly Answer[],
  acknowledged: readonly number[],
): Findings {
  const delays = acknowledged.flatMap((time, index) => {
    const first = answers.find(({ change }) => change > index);
    return first === undefined ? [] : [first.answered - time];
  });
  const old = answers
    .map(({ asked, change }) => asked - (acknowledged[change] ?? Infinity))
    .filter((late) => late > 0);
  return {
    page,
    changes: acknowledged.length,
    answers: answers.length,
    fromMemory: answers.filter((answer) => answer.fromMemory).length,
    newAfter: delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)] ?? Infinity,
    old: old.length,
    oldUntil: Math.max(0, ...old),
  };
}

/** A table with a line for each of them. */
export function describeFindings(found: readonly Findings[]): string {
  const rows = found.map(({ page, answers, fromMemory, newAfter, old, oldUntil }) => [
    page,
    answers.toLocaleString('en'),
    `${((100 * fromMemory) / answers).toFixed(1)} %`,
    newAfter === Infinity ? 'never' : `${newAfter.toFixed(1)} ms`,
    old.toLocaleString('en'),
    old === 0 ? '-' : `${oldUntil.toFixed(1)} ms`,
  ]);
  const head = ['asked of the second', 'answers', 'from memory', 'new value after', 'old answers', 'until'];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('   ');
  return [head, ...rows].map((row) => `  ${line(row)}`).join('\n');
}
