import { BAR_KEYS, BAR_TAGS, LIFT_KEYS, LIFT_TAGS } from '../../../src/store/redis-barrier-scripts.js';
import { BARRED } from '../../../src/store/redis-tag-scripts.js';
import type { ModelRedis } from './model-redis.js';
import { event, groups, type ModelScript, type Scripts } from './model-script.js';
import { ofTags } from './model-tag-scripts.js';

/** The tokens of a barrier that have not ended. */
function live(redis: ModelRedis, barrier: string): Map<string, number> {
  const tokens = redis.scores(barrier);
  for (const [token, ends] of tokens) if (ends <= redis.clock.now()) tokens.delete(token);
  return tokens;
}

/** The barrier ends with the last of its tokens. Says whether there are some. */
function settle(redis: ModelRedis, barrier: string): boolean {
  const ends = [...redis.scores(barrier).values()];
  if (ends.length > 0) redis.expireIn(barrier, Math.max(...ends) - redis.clock.now());
  else redis.settleScores(barrier);
  return ends.length > 0;
}

/** Lets a token stand for a while. Says whether it stood already. */
function stand(redis: ModelRedis, barrier: string, token: string, life: string): boolean {
  const tokens = live(redis, barrier);
  const stood = tokens.has(token);
  tokens.set(token, redis.clock.now() + Number(life));
  settle(redis, barrier);
  return stood;
}

/** Takes a token away. Says whether others stand. */
function leave(redis: ModelRedis, barrier: string, token: string): boolean {
  live(redis, barrier).delete(token);
  return settle(redis, barrier);
}

function remove(redis: ModelRedis, entry: string, lease: string): void {
  redis.remove(lease);
  if (!redis.remove(entry)) event(redis, entry);
}

const barKeys: ModelScript = (redis, keys, args) => {
  for (const [entry = '', lease = '', barrier = ''] of groups(keys, 3)) {
    if (!stand(redis, barrier, String(args[2]), String(args[3]))) remove(redis, entry, lease);
  }
  return 1;
};

const liftKeys: ModelScript = (redis, keys, args) => {
  for (const [entry = '', lease = '', barrier = ''] of groups(keys, 3)) {
    leave(redis, barrier, String(args[2]));
    remove(redis, entry, lease);
  }
  return 1;
};

const barTags = ofTags((call, [token = '', life = '']) => {
  let sequence: string | undefined;
  for (const at of call.tags.keys()) {
    if (stand(call.redis, call.barrierOf(at), token, life)) continue;
    sequence ??= call.raised;
    call.change(at, `${BARRED}${call.version}:${sequence}`);
  }
  if (sequence !== undefined) call.sequence = sequence;
  return 1;
});

const liftTags = ofTags((call, [token = '']) => {
  const sequence = call.raised;
  for (const at of call.tags.keys()) {
    const mark = leave(call.redis, call.barrierOf(at), token) ? BARRED : '';
    call.change(at, `${mark}${call.version}:${sequence}`);
  }
  call.sequence = sequence;
  return 1;
});

/** The scripts of barriers. */
export const barrierScripts: Scripts = [
  [BAR_KEYS, barKeys],
  [LIFT_KEYS, liftKeys],
  [BAR_TAGS, barTags],
  [LIFT_TAGS, liftTags],
];
