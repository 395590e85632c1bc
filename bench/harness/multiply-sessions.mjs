import { createClient } from 'redis';

/**
 * Makes copies of a session with everything about it: another handle in the same shard of the registry, and a tenth as many other
 * users. The shard of a handle goes by its first two characters.
 */
const COPY = `
local handle, user = ARGV[1], ARGV[2]
for number = tonumber(ARGV[3]), tonumber(ARGV[4]) do
  local digits = string.format('%012d', number)
  local copy = string.sub(handle, 1, 2) .. digits .. string.sub(handle, 15)
  local other = string.format('%012d', math.floor(number / 10)) .. string.sub(user, 13)
  local key = string.gsub(KEYS[1], '[^:]+$', '') .. copy
  redis.call('COPY', KEYS[1], key)
  local header = string.gsub(redis.call('HGET', key, 'h'), '^(%S+ %d+ %d+ %d* )[^ ]*', '%1' .. other)
  redis.call('HSET', key, 'h', header)
  redis.call('ZADD', KEYS[2], ARGV[5], copy)
  local index = string.match(KEYS[3], '^(.*{)') .. other .. '}'
  redis.call('ZADD', index, ARGV[5], copy)
  redis.call('PEXPIREAT', index, ARGV[5])
end
return 0`;
/** Copies of one call. */
const STEP = 5_000;

/**
 * Makes so many sessions in Redis out of those that a store of ours has written under a prefix: copies in equal numbers, with
 * their places in the registry and in the index of users. A million in seconds.
 *
 * @param {string} url
 * @param {string} prefix which holds sessions of known users only
 * @param {number} count
 */
export async function multiplySessions(url, prefix, count) {
  const client = createClient({ url });
  // What fails beside it is to be told, and not that the server ended with it.
  client.on('error', () => undefined);
  await client.connect();
  /** @type {{ key: string, user: string }[]} */
  const samples = [];
  for await (const some of client.scanIterator({ MATCH: `${prefix}:id:*`, TYPE: 'hash', COUNT: 1_000 })) {
    const headers = await Promise.all(some.map((key) => client.hGet(key, 'h')));
    for (const [at, key] of some.entries()) {
      const user = headers[at]?.split(' ')[4];
      // What was ended lately has left a mark, which is no session.
      if (user) samples.push({ key, user });
    }
  }
  const shards = [];
  for await (const some of client.scanIterator({ MATCH: `${prefix}:all:*`, TYPE: 'zset', COUNT: 1_000 }))
    shards.push(...some);
  const each = Math.ceil(count / samples.length);
  for (const [index, { key, user }] of samples.entries()) {
    const handle = key.slice(`${prefix}:id:`.length);
    const { shard, deadline } = await placeOf(client, shards, handle);
    const last = Math.min(count, (index + 1) * each);
    for (let first = index * each + 1; first <= last; first += STEP) {
      await client.eval(COPY, {
        keys: [key, shard, `${prefix}:user:{${user}}`],
        arguments: [handle, user, `${first}`, `${Math.min(last, first + STEP - 1)}`, `${deadline}`],
      });
    }
  }
  await client.close();
}

/**
 * Where the registry has a session.
 *
 * @param {{ zScore: (key: string, member: string) => Promise<number | null> }} client
 * @param {readonly string[]} shards
 * @param {string} handle
 */
async function placeOf(client, shards, handle) {
  for (const shard of shards) {
    const deadline = await client.zScore(shard, handle);
    if (deadline !== null) return { shard, deadline };
  }
  throw new Error(`The session ${handle} stands in no registry.`);
}
