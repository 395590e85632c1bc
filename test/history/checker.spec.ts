import { describe, expect, it } from 'vitest';
import { checkHistory } from '../support/history/checker.js';
import type {
  FaultRecord,
  History,
  HistoryRecord,
  LoadRecord,
  ReadRecord,
  WriteRecord,
} from '../support/history/record.js';
import { concerns, changeOf, KEYS, TAGS, tagsOf } from '../support/history/world.js';

const BOUNDS = { delay: 100, patience: 1_000 };
const NODES = [
  { name: 'a', remembers: false },
  { name: 'b', remembers: false },
  { name: 'm', remembers: true },
  { name: 'n', remembers: true },
];

let ids = 0;

function read(node: string, start: number, version: number | undefined, more: Partial<ReadRecord> = {}) {
  const key = more.key ?? 'k0';
  const value = version === undefined ? {} : { value: { key, version } };
  const end = more.end ?? start + 1;
  return {
    type: 'read',
    node,
    operation: 'get',
    key,
    start,
    end,
    mayBeStale: false,
    ...value,
    ...more,
  } as const;
}

function write(node: string, start: number, version: number, more: Partial<WriteRecord> = {}): WriteRecord {
  return {
    type: 'write',
    node,
    operation: 'del',
    id: `w${++ids}`,
    change: changeOf({ keys: ['k0'] }),
    version,
    began: start,
    start,
    end: start + 5,
    acknowledged: true,
    ...more,
  };
}

function load(node: string, start: number, end: number, more: Partial<LoadRecord> = {}): LoadRecord {
  return { type: 'load', node, operation: 'getOrSet', key: 'k0', asked: start - 1, start, end, ...more };
}

function fault(start: number, end: number, more: Partial<FaultRecord> = {}): FaultRecord {
  return { type: 'fault', name: 'a fault', start, end, ...more };
}

function rulesBrokenBy(...records: HistoryRecord[]): string[] {
  const history: History = { nodes: NODES, records };
  return checkHistory(history, BOUNDS).map(({ rule }) => rule);
}

/** What was set by a write. */
function setBy({ id }: WriteRecord, version = 0): Partial<ReadRecord> {
  return { value: { key: 'k0', version, set: id } };
}

describe('freshness', () => {
  it('is broken by an old value that is read after the acknowledgement', () => {
    expect(rulesBrokenBy(write('a', 10, 3), read('b', 16, 2))).toEqual(['freshness']);
    expect(rulesBrokenBy(write('a', 10, 3), read('a', 16, 2))).toEqual(['freshness']);
  });

  it('is kept by old values that were asked for before, by new ones, and by misses', () => {
    expect(rulesBrokenBy(write('a', 10, 3), read('b', 14, 2, { end: 900 }))).toEqual([]);
    expect(rulesBrokenBy(write('a', 10, 3), read('b', 16, 3), read('b', 17, undefined))).toEqual([]);
  });

  it('gives memory a delay on other nodes, and none on the one that invalidates', () => {
    expect(rulesBrokenBy(write('m', 10, 3), read('n', 100, 2))).toEqual([]);
    expect(rulesBrokenBy(write('m', 10, 3), read('n', 116, 2))).toEqual(['freshness']);
    expect(rulesBrokenBy(write('m', 10, 3), read('m', 16, 2))).toEqual(['freshness']);
  });

  it('asks what was not acknowledged of nobody but the node itself', () => {
    const lost = write('a', 10, 3, { acknowledged: false });
    expect(rulesBrokenBy(lost, read('b', 500, 2), read('m', 500, 2))).toEqual([]);
    expect(rulesBrokenBy(lost, read('a', 16, 2))).toEqual(['freshness']);
  });

  it('is asked of the keys that a change concerns: by key, by tag, all', () => {
    const tagged = KEYS.find((key) => tagsOf(key).declared.includes('d1')) as string;
    const change = changeOf({ tags: ['d1'] });
    expect(rulesBrokenBy(write('a', 10, 3, { change }), read('b', 16, 2, { key: tagged }))).toEqual([
      'freshness',
    ]);
    expect(rulesBrokenBy(write('a', 10, 3, { change }), read('b', 16, 2))).toEqual([]);
    expect(rulesBrokenBy(write('a', 10, 3), read('b', 16, 2, { key: 'k1' }))).toEqual([]);
    const all = write('a', 10, 3, { operation: 'clear', change: changeOf({ all: true }) });
    expect(rulesBrokenBy(all, ...KEYS.map((key) => read('b', 16, 2, { key })))).toHaveLength(KEYS.length);
  });

  it('remembers the newest of several invalidations, whichever was acknowledged first', () => {
    const records = [write('a', 10, 5, { end: 12 }), write('b', 11, 4, { end: 30 })];
    expect(rulesBrokenBy(...records, read('a', 40, 4))).toEqual(['freshness']);
    expect(rulesBrokenBy(...records, read('a', 40, 5))).toEqual([]);
  });

  it('lets who takes stale values have what was expired, and nobody else', () => {
    const expired = write('a', 10, 3, { operation: 'expire' });
    expect(rulesBrokenBy(expired, read('b', 16, 2, { mayBeStale: true }))).toEqual([]);
    expect(rulesBrokenBy(expired, read('a', 16, 2))).toEqual(['freshness']);
    expect(rulesBrokenBy(write('a', 10, 3), read('b', 16, 2, { mayBeStale: true }))).toEqual(['freshness']);
  });

  it('lets the clocks of two nodes differ a little in what they call expired', () => {
    const expired = write('a', 10, 3, { operation: 'expire' });
    expect(rulesBrokenBy(expired, read('b', 1_000, 2))).toEqual([]);
    expect(rulesBrokenBy(expired, read('b', 300_000, 2))).toEqual(['freshness']);
    const absent = write('a', 10, 3, { operation: 'expire', acknowledged: false });
    expect(rulesBrokenBy(absent, read('a', 16, 2))).toEqual([]);
  });

  it('is broken by a value that was set and in place before the invalidation began', () => {
    const set = write('a', 10, 2, { operation: 'set' });
    expect(rulesBrokenBy(set, write('b', 20, 3), read('a', 30, 0, setBy(set)))).toEqual(['freshness']);
    const again = write('b', 20, 3, { operation: 'set' });
    expect(rulesBrokenBy(set, again, read('a', 30, 0, setBy(set)))).toEqual(['freshness']);
    expect(rulesBrokenBy(set, again, read('a', 30, 0, setBy(again)))).toEqual([]);
  });

  it('leaves open who is last of two that overlap, and what becomes of a set that was not acknowledged', () => {
    const set = write('a', 10, 2, { operation: 'set', end: 22 });
    expect(rulesBrokenBy(set, write('b', 20, 3), read('a', 30, 0, setBy(set)))).toEqual([]);
    const lost = write('a', 10, 2, { operation: 'set', acknowledged: false });
    expect(rulesBrokenBy(lost, write('b', 20, 3), read('b', 30, 0, setBy(lost)))).toEqual([]);
  });
});

describe('monotonic reads', () => {
  it('are broken by a value older than one seen, though memory is still allowed its delay', () => {
    const records = [write('m', 10, 3), read('n', 20, 3)];
    expect(rulesBrokenBy(...records, read('n', 30, 2))).toEqual(['monotonic']);
    expect(rulesBrokenBy(...records, read('m', 12, 2))).toEqual([]);
  });

  it('are kept where reads overlap, on other nodes, and before the acknowledgement', () => {
    const written = write('m', 10, 3);
    expect(rulesBrokenBy(written, read('n', 20, 3, { end: 40 }), read('n', 30, 2))).toEqual([]);
    expect(rulesBrokenBy(written, read('n', 14, 3), read('n', 20, 2))).toEqual([]);
    expect(rulesBrokenBy(write('a', 10, 3), read('m', 20, 3), read('n', 30, 2))).toEqual([]);
  });
});

describe('single loads', () => {
  it('are broken by loaders that overlap for no reason', () => {
    expect(rulesBrokenBy(load('a', 10, 50), load('b', 20, 30))).toEqual(['single load']);
    expect(rulesBrokenBy(load('a', 10, 50), load('a', 50, 60), load('b', 70, 80))).toEqual([]);
    expect(rulesBrokenBy(load('a', 10, 50), load('b', 20, 30, { key: 'k1' }))).toEqual([]);
    expect(rulesBrokenBy(load('m', 10, 50), load('b', 20, 30))).toEqual([]);
    expect(rulesBrokenBy(load('a', 10, 50), load('m', 20, 30))).toEqual(['single load']);
    const many = { operation: 'getOrSetMany' } as const;
    expect(rulesBrokenBy(load('a', 10, 50), load('b', 20, 30, many), load('b', 60, 70))).toEqual([]);
  });

  it('are kept where a write of the key or a fault may have ended the first lease', () => {
    const loads = [load('a', 10, 50), load('b', 20, 30)];
    expect(rulesBrokenBy(...loads, write('c', 12, 1))).toEqual([]);
    expect(rulesBrokenBy(...loads, fault(12, 13))).toEqual([]);
    expect(rulesBrokenBy(...loads, write('c', 12, 1, { change: changeOf({ keys: ['k1'] }) }))).toEqual([
      'single load',
    ]);
    expect(rulesBrokenBy(...loads, write('c', 1, 1, { began: 1, end: 5 }))).toEqual(['single load']);
    expect(rulesBrokenBy(...loads, write('c', 22, 1))).toEqual(['single load']);
  });

  it('are kept for a while after a failure that makes others pause', () => {
    const loads = [load('a', 10, 50), load('b', 20, 30)];
    expect(rulesBrokenBy(load('b', 1, 5, { pauses: true }), ...loads)).toEqual([]);
    expect(rulesBrokenBy(load('b', 1, 5), ...loads)).toEqual(['single load']);
  });

  it('are looked at beside the longest and beside the latest', () => {
    const loads = [load('a', 10, 90), load('b', 20, 60), load('c', 30, 40)];
    expect(rulesBrokenBy(...loads, write('d', 12, 1))).toEqual(['single load']);
  });
});

describe('single reads', () => {
  it('give the value of their key', () => {
    expect(rulesBrokenBy(read('a', 10, 1, { value: { key: 'k1', version: 1 } }))).toEqual(['identity']);
  });

  it('end in time, unless their process stood still', () => {
    expect(rulesBrokenBy(read('a', 10, 1, { end: 1_011 }))).toEqual(['answer']);
    expect(rulesBrokenBy(read('a', 10, 1, { end: 1_011 }), fault(5, 900, { frozen: 'a' }))).toEqual([]);
    expect(rulesBrokenBy(read('a', 10, 1, { end: 1_011 }), fault(5, 900, { frozen: 'b' }))).toEqual([
      'answer',
    ]);
  });

  it('end well', () => {
    expect(rulesBrokenBy(read('a', 10, undefined, { failed: 'Error: no' }))).toEqual(['answer']);
  });

  it('have nothing from memory while the channel is silent', () => {
    const silent = fault(10, 500, { deaf: ['m'] });
    const peek = (start: number, node = 'm'): ReadRecord => read(node, start, 1, { operation: 'peek' });
    expect(rulesBrokenBy(silent, peek(120))).toEqual(['deafness']);
    expect(rulesBrokenBy(silent, peek(100), peek(600), peek(120, 'n'))).toEqual([]);
    expect(rulesBrokenBy(silent, read('m', 120, 1))).toEqual([]);
  });
});

describe('the world of a history', () => {
  it('has keys with every kind of tags, and tags of several keys', () => {
    const kinds = new Set(KEYS.map((key) => `${tagsOf(key).declared.length}${tagsOf(key).named.length}`));
    expect([...kinds].toSorted()).toEqual(['00', '02', '10', '21']);
    for (const tag of TAGS) {
      expect(KEYS.filter((key) => concerns(changeOf({ tags: [tag] }), key)).length, tag).toBeGreaterThan(1);
    }
  });
});
