import { ms, type Moment } from './moment.js';
import type { History, LoadRecord } from './record.js';
import type { Violation } from './violation.js';
import { concerns } from './world.js';

/** For how long a write that was not acknowledged may still take effect, and a fault have consequences. */
const AFTERMATH = ms(6_000);
/** For how long a load that has failed keeps others from trying, with some more for a slow machine. */
const PAUSE = ms(2_000);

/**
 * Loaders of a key do not overlap, unless something may have taken the lease of the first one away: a write that concerns
 * the key, or a fault. Needs n log n for n loads of a key.
 */
export function checkLoads(history: History): Violation[] {
  // A node that remembers also hears of entries that expire, and takes that for a change: its loaders are given up then.
  const unhearing = new Set(history.nodes.filter(({ remembers }) => !remembers).map(({ name }) => name));
  const groups = new Map<string, LoadRecord[]>();
  for (const record of history.records) {
    // Callers of many keys who cannot have what they have waited for load for themselves, and store nothing.
    if (record.type !== 'load' || record.operation !== 'getOrSet') continue;
    const group = groups.get(record.key);
    if (group === undefined) groups.set(record.key, [record]);
    else group.push(record);
  }
  return [...groups].flatMap(([key, loads]) => {
    const disturbed = disturbances(history, key);
    const violations: Violation[] = [];
    let latest: LoadRecord | undefined;
    let longest: LoadRecord | undefined;
    for (const load of loads.toSorted((a, b) => a.start - b.start)) {
      const beside = [latest, longest].find(
        (one) =>
          one !== undefined &&
          unhearing.has(one.node) &&
          load.start < one.end &&
          !disturbed(one.asked, load.start),
      );
      if (beside !== undefined) {
        const text = `${describe(load)} while ${describe(beside)}`;
        violations.push({ rule: 'single load', node: load.node, key, at: load.start, text });
      }
      latest = load;
      if (longest === undefined || load.end > longest.end) longest = load;
    }
    return violations;
  });
}

function describe({ node, asked, start, end }: LoadRecord): string {
  return `${node} loaded from ${start} to ${end}, asked at ${asked},`;
}

/** Tells whether anything happened between two moments that may have ended a lease of the key. */
function disturbances(history: History, key: string): (from: Moment, to: Moment) => boolean {
  const all: { start: Moment; end: Moment }[] = [];
  for (const record of history.records) {
    if (record.type === 'fault') all.push({ start: record.start, end: record.end + AFTERMATH });
    if (record.type === 'load' && record.key === key && record.pauses === true) {
      all.push({ start: record.end, end: record.end + PAUSE });
    }
    if (record.type !== 'write' || !concerns(record.change, key)) continue;
    all.push({ start: record.began, end: record.acknowledged ? record.end : record.end + AFTERMATH });
  }
  const sorted = all.toSorted((a, b) => a.start - b.start);
  const latestEnds: Moment[] = [];
  for (const { end } of sorted) latestEnds.push(Math.max(end, latestEnds.at(-1) ?? -Infinity));
  return (from, to) => {
    let low = 0;
    for (let high = sorted.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] as { start: Moment }).start <= to) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (latestEnds[low - 1] as Moment) >= from;
  };
}
