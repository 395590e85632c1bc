import { isDeepStrictEqual } from 'node:util';
import { eventually } from '../eventually.js';
import type { OwnNode } from './own-node.js';
import type { HistoryRecord } from './record.js';
import { KEYS } from './world.js';

/**
 * What is wrong with a node when nobody does anything any more: nothing. `behind` reads Redis without a memory of its own.
 */
export async function wrongAtRest(
  node: OwnNode,
  behind: OwnNode,
  records: readonly HistoryRecord[],
): Promise<string[]> {
  const wrong: string[] = [];
  const holds = async (assertion: () => Promise<void> | void): Promise<void> => {
    // What was begun in the background may still end, and be told.
    await eventually(assertion, { timeout: 8_000 }).catch((error: Error) =>
      wrong.push(`${node.name}: ${error.message}`),
    );
  };
  for (const key of KEYS) {
    await holds(async () => {
      const remembered = node.named.peek(key);
      const there = await behind.named.get(key);
      if (remembered === undefined || isDeepStrictEqual(remembered, there)) return;
      throw new Error(`remembers ${JSON.stringify(remembered)}, and Redis holds ${JSON.stringify(there)}`);
    });
  }
  await holds(() => countsAddUp(node, records));
  return wrong;
}

/** @throws Error when the node's own counts are not those of the history */
function countsAddUp({ name, named }: OwnNode, records: readonly HistoryRecord[]): void {
  const mine = records.filter((one) => one.type !== 'fault' && one.node === name);
  const done = mine.filter((one) => one.type === 'write').filter(({ acknowledged }) => acknowledged);
  const sum = (operations: readonly string[], of: 'keys' | 'tags'): number =>
    done.reduce(
      (all, { operation, change }) => all + (operations.includes(operation) ? change[of].length : 0),
      0,
    );
  const stats = named.stats();
  const loads = mine.filter((one) => one.type === 'load').length;
  if (stats.loads !== loads) throw new Error(`counts ${stats.loads} loads of ${loads}`);
  const atLeast = {
    deletes: sum(['del', 'mdel', 'mutate'], 'keys'),
    invalidations: sum(['invalidateTags', 'mutate'], 'tags'),
    clears: done.filter(({ operation }) => operation === 'clear').length,
  };
  for (const [what, least] of Object.entries(atLeast) as [keyof typeof atLeast, number][]) {
    if (stats[what] < least) throw new Error(`counts ${stats[what]} ${what} of ${least}`);
  }
}
