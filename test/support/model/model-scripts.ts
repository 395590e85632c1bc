import { hasGenerations, headerLengthOf, openEntry, EXPIRES_AT } from '../../../src/codec/envelope.js';
import { timestampAt } from '../../../src/codec/timestamp.js';
import type { RedisArgument } from '../../../src/connection/connection.js';
import { FILL, LET_GO, PAUSED, RELEASE, RENEW } from '../../../src/store/redis-lease-scripts.js';
import { CLEAR, DELETE, EXPIRE, WRITE } from '../../../src/store/redis-scripts.js';
import { barrierScripts } from './model-barrier-scripts.js';
import { event, groups, lifeIn, type ModelScript, type Scripts } from './model-script.js';
import { tagScripts } from './model-tag-scripts.js';

/** Scripts by their text, and their SHA-1 by the same. */
export interface ScriptTable {
  readonly bySource: ReadonlyMap<string, ModelScript>;
  readonly sha1: ReadonlyMap<string, string>;
}

/** Entries, their leases, their barriers; from the third argument on bytes and ttl of each. A barrier refuses. */
const write: ModelScript = (redis, keys, args) => {
  const count = keys.length / 3;
  const answers = keys.slice(0, count).map((entry, at) => {
    if (redis.has(keys[2 * count + at] as string)) return 0;
    redis.put(entry, args[2 + 2 * at] as RedisArgument, lifeIn(args[3 + 2 * at]));
    return 1;
  });
  for (const lease of keys.slice(count, 2 * count)) redis.remove(lease);
  return answers;
};

/** Entries, then their leases: all go, and what was not there is told of all the same. */
const remove: ModelScript = (redis, keys) => {
  const count = keys.length / 2;
  for (const lease of keys.slice(count)) redis.remove(lease);
  let removed = 0;
  for (const entry of keys.slice(0, count)) {
    if (redis.remove(entry)) removed += 1;
    else event(redis, entry);
  }
  return removed;
};

/** Removes a generation. */
const clear: ModelScript = (redis, [generation = '']) => (redis.remove(generation) ? 1 : 0);

/** Entry, lease, barrier: ends the lease, and makes a fresh entry stale. What the caller has to judge is answered. */
const expire: ModelScript = (redis, [entry = '', lease = ''], args) => {
  const [now, generations, judged, valid, time] = args.slice(2);
  const bytes = redis.get(entry) ?? Buffer.alloc(0);
  const opened = openEntry(bytes);
  let isValid =
    opened !== undefined && hasGenerations(bytes, String(generations)) && opened.tags.length === 0;
  if (opened !== undefined && !isValid) {
    const header = bytes.subarray(0, headerLengthOf(bytes));
    if (!header.equals(Buffer.from(judged as string))) return [header];
    isValid = valid === '1';
  }
  redis.remove(lease);
  const expires = opened?.expiresAt === null ? Infinity : (opened?.expiresAt ?? 0);
  if (!isValid || Number(now) >= expires) {
    const stale = timestampAt(Buffer.from(time as string), 0) as number;
    if (expires > stale) redis.patch(entry, EXPIRES_AT, time as RedisArgument);
    event(redis, entry);
    return 0;
  }
  const left = redis.pttl(entry);
  const grace = left < 0 ? 0 : Math.max(0, left - (expires - Number(now)));
  if (grace < 100) {
    redis.remove(entry);
    return 1;
  }
  redis.patch(entry, EXPIRES_AT, time as RedisArgument);
  redis.expireIn(entry, grace);
  return 1;
};

/** An entry and its lease for each; token, bytes and ttl of each. Only who holds the lease may write, and ends it. */
const fill: ModelScript = (redis, keys, args) =>
  groups(keys, 2).map(([entry = '', lease = ''], at) => {
    const [token, bytes, life] = args.slice(2 + 3 * at);
    if (redis.text(lease) !== String(token)) return 0;
    redis.put(entry, bytes as RedisArgument, lifeIn(life));
    redis.remove(lease);
    return 1;
  });

/** An entry and its lease for each; for how long nobody is to load, then the tokens. Wakes whoever waits. */
const release: ModelScript = (redis, keys, args) =>
  groups(keys, 2).map(([entry = '', lease = ''], at) => {
    if (redis.text(lease) !== String(args[3 + at])) return 0;
    redis.remove(lease);
    if (args[2] !== '') redis.put(lease, PAUSED, lifeIn(args[2]));
    event(redis, entry);
    return 1;
  });

/** Leases; for how long, then their tokens. */
const renew: ModelScript = (redis, keys, args) =>
  keys.map((lease, at) => {
    if (redis.text(lease) !== String(args[1 + at])) return 0;
    return redis.expireIn(lease, Number(args[0])) ? 1 : 0;
  });

/** Leases and their tokens. Wakes nobody. */
const letGo: ModelScript = (redis, keys, args) =>
  keys.filter((lease, at) => redis.text(lease) === String(args[at]) && redis.remove(lease)).length;

const scripts: Scripts = [
  [WRITE, write],
  [DELETE, remove],
  [CLEAR, clear],
  [EXPIRE, expire],
  [FILL, fill],
  [RELEASE, release],
  [RENEW, renew],
  [LET_GO, letGo],
  ...tagScripts,
  ...barrierScripts,
];

/** A table of scripts. Those of `others` take the place of ours. */
export function scriptTable(others: Scripts = []): ScriptTable {
  const all = [...scripts, ...others];
  return {
    bySource: new Map(all.map(([{ source }, does]) => [source, does])),
    sha1: new Map(all.map(([{ source, sha1 }]) => [source, sha1])),
  };
}

/** The scripts as they are. */
export const modelScripts = scriptTable();
