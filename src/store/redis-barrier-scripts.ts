import { TELL_LUA } from '../connection/change-message.js';
import { defineScript } from '../connection/script.js';
import { EVENT } from './redis-lease-scripts.js';
import { BARRED, TAG_PRELUDE } from './redis-tag-scripts.js';

/*
 * A barrier is a sorted set of the tokens of those who make it stand, by the time of Redis at which each of them ends. The
 * key itself expires with the last of them: where there is the key, there is a barrier. Several may stand at once.
 *
 * `stand(barrier, token, ttl)` says whether the token stood already. `leave(barrier, token)` says whether others still do.
 */
const PRELUDE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function expire(barrier)
  local last = redis.call('ZRANGE', barrier, -1, -1, 'WITHSCORES')
  if not last[2] then return false end
  redis.call('PEXPIRE', barrier, string.format('%.0f', tonumber(last[2]) - now))
  return true
end
local function prune(barrier)
  redis.call('ZREMRANGEBYSCORE', barrier, '-inf', string.format('%.0f', now))
end
local function stand(barrier, token, ttl)
  -- A removal comes first: a Redis that is full would refuse to add, were that the first write.
  prune(barrier)
  local added = redis.call('ZADD', barrier, string.format('%.0f', now + tonumber(ttl)), token)
  expire(barrier)
  return added == 0
end
local function leave(barrier, token)
  prune(barrier)
  redis.call('ZREM', barrier, token)
  return expire(barrier)
end
`;

const OF_KEYS = `${TELL_LUA}${EVENT}${PRELUDE}
local removed = {}
local function remove(entry, lease)
  redis.call('DEL', lease)
  if redis.call('UNLINK', entry) == 0 then event(entry) end
  removed[#removed + 1] = entry
end
`;

/**
 * Makes the barrier ARGV[3] of entries stand for ARGV[4], and removes the entries and their leases, unless it stood already:
 * one that was lost may have let something in. KEYS are an entry, its lease and its barrier for each; ARGV[1] and [2] are
 * topic and message.
 */
export const BAR_KEYS = defineScript(`${OF_KEYS}
for at = 1, #KEYS, 3 do
  if not stand(KEYS[at + 2], ARGV[3], ARGV[4]) then remove(KEYS[at], KEYS[at + 1]) end
end
tell(ARGV[1], ARGV[2], removed)
return 1
`);

/** Takes the barrier ARGV[3] of entries away, and removes the entries and their leases. KEYS as for `BAR_KEYS`. */
export const LIFT_KEYS = defineScript(`${OF_KEYS}
for at = 1, #KEYS, 3 do
  leave(KEYS[at + 2], ARGV[3])
  remove(KEYS[at], KEYS[at + 1])
end
tell(ARGV[1], ARGV[2], removed)
return 1
`);

/**
 * Makes the barrier ARGV[6] of tags stand for ARGV[7], and bars them, unless it stood already. Their values stay barred when
 * the barrier ends without being lifted, so that nobody takes such a tag for one that was never invalidated. The sequence is
 * raised when they are barred and when they are not any more, so that a load that began between the two is not stored.
 */
export const BAR_TAGS = defineScript(`${PRELUDE}${TAG_PRELUDE}
local sequence
for at = 1, count do
  if not stand(KEYS[1 + count + at], ARGV[6], ARGV[7]) then
    sequence = sequence or raised()
    change(at, '${BARRED}' .. version .. ':' .. sequence)
  end
end
if sequence then redis.call('SET', KEYS[1], sequence) end
return answer(1)
`);

/** Takes the barrier ARGV[6] of tags away, and invalidates them. They stay barred while others stand. */
export const LIFT_TAGS = defineScript(`${PRELUDE}${TAG_PRELUDE}
local sequence = raised()
for at = 1, count do
  local mark = ''
  if leave(KEYS[1 + count + at], ARGV[6]) then mark = '${BARRED}' end
  change(at, mark .. version .. ':' .. sequence)
end
redis.call('SET', KEYS[1], sequence)
return answer(1)
`);
