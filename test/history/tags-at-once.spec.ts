import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NamedCache } from '../../src/cache/named-cache.js';
import { eventually } from '../support/eventually.js';
import { ownNode } from '../support/history/own-node.js';
import { Playground } from '../support/history/playground.js';

const playground = new Playground();

async function open(memory: boolean): Promise<[reader: NamedCache, writer: NamedCache]> {
  const keyPrefix = playground.keyPrefix();
  const make = async (name: string): Promise<NamedCache> => {
    const { url } = playground.redis;
    const cache = { ttl: 60_000, memory: memory ? {} : (false as const) };
    const node = await ownNode({ name, url, keyPrefix, connection: { deadline: 5_000 }, cache });
    onTestFinished(() => node.close());
    return node.named;
  };
  return [await make('reader'), await make('writer')];
}

/** How often the reader saw the tag `a` invalidated and then, looking later, the tag `b` not yet. */
async function torn(
  [reader, writer]: readonly [NamedCache, NamedCache],
  invalidate: (seen: () => Promise<void>) => Promise<unknown>,
  look: (key: string) => unknown,
): Promise<number> {
  let count = 0;
  for (let round = 0; round < 30; round++) {
    await writer.set('a', round, { tags: ['a'] });
    await writer.set('b', round, { tags: ['b'] });
    await eventually(async () => {
      await reader.mget(['a', 'b']);
      expect([await look('a'), await look('b')]).toEqual([round, round]);
    });
    const progress = { looks: 0, over: false };
    const looking = (async (): Promise<void> => {
      while (!progress.over) {
        const a = await look('a');
        const b = await look('b');
        if (a === undefined && b !== undefined) count += 1;
        progress.looks += 1;
        await turn();
      }
    })();
    await invalidate(async () => {
      const enough = progress.looks + 2;
      while (progress.looks < enough) await turn();
    });
    await eventually(async () => expect([await look('a'), await look('b')]).toEqual([undefined, undefined]));
    progress.over = true;
    await looking;
  }
  return count;
}

describe('several tags that are invalidated together', () => {
  it('are invalid all at one moment in Redis', async () => {
    const nodes = await open(false);
    const [reader, writer] = nodes;
    const both = (): Promise<void> => writer.invalidateTags(['a', 'b']);
    expect(await torn(nodes, both, (key) => reader.get(key))).toBe(0);
  });

  it('are invalid all at one moment in memory', async () => {
    const nodes = await open(true);
    const [reader, writer] = nodes;
    const both = (): Promise<void> => writer.invalidateTags(['a', 'b']);
    expect(await torn(nodes, both, (key) => reader.peek(key))).toBe(0);
  });

  it('are not where each is invalidated by itself', async () => {
    const nodes = await open(false);
    const [reader, writer] = nodes;
    const oneByOne = async (seen: () => Promise<void>): Promise<void> => {
      await writer.invalidateTags('a');
      await seen();
      await writer.invalidateTags('b');
    };
    expect(await torn(nodes, oneByOne, (key) => reader.get(key))).toBeGreaterThan(0);
  });
});
