import { createClient } from 'redis';

/** Makes copies of a string with everything about it, but for the name that stands in its key. */
const COPY = `
local value = redis.call('GET', KEYS[1])
local ttl = redis.call('PTTL', KEYS[1])
for number = tonumber(ARGV[3]), tonumber(ARGV[4]) do
  local key = ARGV[1] .. number .. ARGV[2]
  if ttl > 0 then redis.call('SET', key, value, 'PX', ttl) else redis.call('SET', key, value) end
end
return 0`;
/** Copies of one call. */
const STEP = 10_000;

/**
 * Makes `count` entries in Redis out of one that a cache has written: copies of every string whose key holds the name
 * `sample`, which nothing else may hold, with `sample` followed by a number from 1 to `count` in its place. What a cache does not look for in an entry
 * beside its key and value is so the same in all: a million entries in seconds.
 *
 * @param {string} url
 * @param {string} sample
 * @param {number} count
 */
export async function multiply(url, sample, count) {
  const client = createClient({ url });
  // What fails beside it is to be told, and not that the server ended with it.
  client.on('error', () => undefined);
  await client.connect();
  const samples = [];
  for await (const keys of client.scanIterator({ MATCH: `*${sample}*`, TYPE: 'string', COUNT: 1_000 })) {
    samples.push(...keys.filter((key) => !/^\d/.test(key.split(sample)[1] ?? '')));
  }
  for (const key of samples) {
    const [before = '', after = ''] = key.split(sample);
    for (let first = 1; first <= count; first += STEP) {
      const last = Math.min(count, first + STEP - 1);
      await client.eval(COPY, { keys: [key], arguments: [before + sample, after, `${first}`, `${last}`] });
    }
  }
  await client.close();
}
