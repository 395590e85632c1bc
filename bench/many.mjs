import { fill } from './contenders/contender.mjs';
import { cachesOnRedis } from './contenders/on-redis.mjs';
import { comparisonSection } from './harness/comparison-section.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { sampleEntries } from './harness/sample-values.mjs';
import { atLeast } from './harness/target.mjs';

const TEXT = `\`mget\` and \`mset\` of 100 keys at once, 1 KB objects in Redis, one call after the other; the figures are per key. The bare
clients do MGET and JSON, and 100 SETs with a ttl in one pipeline. bentocache has neither.`;

const NOTES = `redis-yet's \`mget\` is MGET and \`JSON.parse\` with nothing around them, as that of a bare client. Ours also checks the header of
each entry, counts and tells each hit, and keeps the bytes of all keys until they are parsed: 0.5 µs per key beside the 2.6 µs
that decoding and parsing it take. In \`mset\` it is what a single write pays,
too: a script that heeds barriers and ends loads (Redis takes 4.3 µs per entry for it, 0.7 for a bare SET), and the check that a value
comes back as it is, 1.1 µs.`;

const MANY = 100;
/** What asks for MGET and parses, and nothing else. */
const BARE = new Set(['lean', 'usual', 'ioredis']);
const entries = sampleEntries({ count: 1_000, bytes: 1_024 });
const list = [...entries].map(([key, value]) => ({ key, value }));
const parts = Array.from({ length: list.length / MANY }, (_, part) =>
  list.slice(part * MANY, (part + 1) * MANY),
);
const partKeys = parts.map((part) => part.map(({ key }) => key));

await withRedis(async (url) => {
  const { ours, rivals, all, close } = await cachesOnRedis(url);
  for (const cache of all) await fill(cache, entries);
  const able = Object.entries(rivals).filter(([, { mget }]) => mget !== undefined);
  const reads = await comparisonSection('mget', {
    callers: 1,
    measure: 'speed',
    per: MANY,
    ours: (index) => ours.mget?.(/** @type {string[]} */ (partKeys[index % parts.length])),
    rivals: able.map(([id, cache]) => ({
      name: cache.name,
      operation: (index) => cache.mget?.(/** @type {string[]} */ (partKeys[index % parts.length])),
      target: atLeast(BARE.has(id) ? 0.9 : 1),
    })),
  });
  const writes = await comparisonSection('mset', {
    callers: 1,
    measure: 'speed',
    per: MANY,
    ours: (index) => ours.mset?.(parts[index % parts.length] ?? []),
    rivals: able.map(([, cache]) => ({
      name: cache.name,
      operation: (index) => cache.mset?.(parts[index % parts.length] ?? []),
      target: atLeast(1),
    })),
  });
  const versions = [ours.name, `Redis ${await serverVersion(url)}`];
  report('many', {
    title: 'Many keys at once',
    text: TEXT,
    notes: NOTES,
    versions,
    sections: [reads, writes],
  });
  await close();
});
