import type { RedisArgument, RedisReply, RedisScript } from '../../../src/connection/connection.js';
import type { ModelRedis } from './model-redis.js';

/** What a script does to the model of Redis: the same as its Lua, without the messages for places that cannot track keys. */
export type ModelScript = (
  redis: ModelRedis,
  keys: readonly string[],
  args: readonly RedisArgument[],
) => RedisReply;

/** Scripts in the model's terms. */
export type Scripts = readonly (readonly [script: RedisScript, does: ModelScript])[];

/** Makes Redis tell of an entry that was not touched. */
export function event(redis: ModelRedis, entry: string): void {
  redis.put(`${entry}!`, '', 1);
  redis.remove(`${entry}!`);
}

/** The time to live in a script's argument: empty = none. */
export function lifeIn(argument: RedisArgument | undefined): number | undefined {
  return argument === '' || argument === undefined ? undefined : Number(argument);
}

/** The keys of a script that come in groups of `size`. */
export function groups(keys: readonly string[], size: number): string[][] {
  return Array.from({ length: keys.length / size }, (_, at) => keys.slice(at * size, (at + 1) * size));
}
