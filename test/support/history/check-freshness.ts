import { ms, type Moment } from './moment.js';
import type { History, NodeTraits, ReadRecord, WriteRecord } from './record.js';
import type { Bounds, Violation } from './violation.js';
import { concerns } from './world.js';

/** By how much two nodes may disagree about the time of Redis, by which an expired entry is stale. */
const CLOCK_ERROR = ms(250);

/** From when on a node must not serve what a write has invalidated; `Infinity` = it may for ever. */
function bindsFrom(
  { node: writer, operation, acknowledged, end }: WriteRecord,
  node: NodeTraits,
  delay: Moment,
): Moment {
  // What was not there could not be made stale.
  if (operation === 'expire' && !acknowledged) return Infinity;
  // What is not known to have happened is not served by the process that asked for it.
  if (writer === node.name) return end;
  if (!acknowledged) return Infinity;
  return end + (node.remembers ? delay : 0) + (operation === 'expire' ? CLOCK_ERROR : 0);
}

/** What was invalidated up to a moment: nothing older may be read. */
class Floor {
  /** Loaded values must be of the version of this one at least. */
  newest: WriteRecord | undefined;
  /** Values that were set must not have been in place before this one began. */
  latest: WriteRecord | undefined;

  raise(write: WriteRecord): void {
    if (this.newest === undefined || write.version > this.newest.version) this.newest = write;
    if (this.latest === undefined || write.start > this.latest.start) this.latest = write;
  }
}

/**
 * A read that starts after an invalidation was acknowledged gives nothing that was loaded, or set, before that
 * invalidation. On other nodes that remember entries: after a delay. Linear in the history, per key and node, once sorted.
 */
export function checkFreshness(history: History, bounds: Bounds): Violation[] {
  const writes = history.records.filter((one) => one.type === 'write');
  const settled = new Map(writes.map((one) => [one.id, one.acknowledged ? one.end : Infinity]));
  return readsByNodeAndKey(history).flatMap(({ node, key, reads }) => {
    const binding = writes
      .filter(({ change }) => concerns(change, key))
      .map((write) => ({ write, from: bindsFrom(write, node, bounds.delay) }))
      .filter(({ from }) => from < Infinity)
      .toSorted((a, b) => a.from - b.from);
    const hard = new Floor();
    const soft = new Floor();
    let at = 0;
    const violations: Violation[] = [];
    for (const read of reads) {
      for (let next = binding[at]; next !== undefined && next.from < read.start; next = binding[++at]) {
        // What was only made stale may be served by those who take stale values.
        if (next.write.operation !== 'expire') hard.raise(next.write);
        soft.raise(next.write);
      }
      const floor = read.mayBeStale ? hard : soft;
      const text = reasonAgainst(read, floor, settled);
      if (text !== undefined) {
        const lag = read.start - outdatedSince(read, binding, settled);
        violations.push({ rule: 'freshness', node: node.name, key, at: read.start, text, lag });
      }
    }
    return violations;
  });
}

function reasonAgainst(
  { operation, value, start }: ReadRecord,
  floor: Floor,
  settled: ReadonlyMap<string, Moment>,
): string | undefined {
  if (value === undefined) return undefined;
  const { newest, latest } = floor;
  if (value.set === undefined) {
    if (newest === undefined || value.version >= newest.version) return undefined;
    return `${operation} at ${start} gave version ${value.version} after ${describe(newest)}`;
  }
  // Of a write that nobody has acknowledged nothing is known: it may happen at any time.
  const end = settled.get(value.set) ?? Infinity;
  if (latest === undefined || end >= latest.start) return undefined;
  return `${operation} at ${start} gave what ${value.set} had set by ${end}, after ${describe(latest)}`;
}

/** When what was read was invalidated first. */
function outdatedSince(
  { value, start }: ReadRecord,
  binding: readonly { readonly write: WriteRecord }[],
  settled: ReadonlyMap<string, Moment>,
): Moment {
  const since = binding
    .filter(({ write }) =>
      value?.set === undefined
        ? write.version > (value?.version ?? Infinity)
        : write.start > (settled.get(value.set) ?? Infinity),
    )
    .map(({ write }) => write.end);
  return Math.min(start, ...since);
}

function describe({ operation, node, change, version, start, end, acknowledged }: WriteRecord): string {
  const what = change.all ? 'all' : [...change.keys, ...change.tags].join(' ');
  const how = acknowledged ? '' : ', not acknowledged';
  return `${operation} of ${what} (version ${version}) on ${node}, from ${start} to ${end}${how}`;
}

/** The reads of each key on each node, in the order of their starts. */
export function readsByNodeAndKey(
  history: History,
): { readonly node: NodeTraits; readonly key: string; readonly reads: readonly ReadRecord[] }[] {
  const nodes = new Map(history.nodes.map((node) => [node.name, node]));
  const groups = new Map<string, ReadRecord[]>();
  for (const record of history.records) {
    if (record.type !== 'read') continue;
    const id = `${record.node} ${record.key}`;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [record]);
    else group.push(record);
  }
  return [...groups.values()].map((reads) => {
    const { node, key } = reads[0] as ReadRecord;
    const traits = nodes.get(node);
    if (traits === undefined) throw new Error(`The history has no node ${node}.`);
    return { node: traits, key, reads: reads.toSorted((a, b) => a.start - b.start) };
  });
}
