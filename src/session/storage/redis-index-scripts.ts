import { defineScript } from '../../connection/script.js';

/** How long an entry of a user's index is kept after its deadline: longer than it takes to mend one that is behind. */
export const OVERDUE_LIFE = 600_000;
/** How long a login may take from `beginLogin` on. */
const LOGIN_LIMIT = 600_000;
/** How long it is known that all sessions of a user were ended: longer than any login that is still accepted. */
const EPOCH_LIFE = 3_600_000;

/**
 * Notes a session in a shard of the registry. ARGV: handle, deadline, and whether it is there already (1). What is there already
 * is noted even by a Redis that is full: it refuses the first write of a script if that may take memory, and none behind it.
 */
export const ENTER = defineScript(`
if ARGV[3] == '1' then redis.call('ZREM', KEYS[1], '') end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return 1
`);

/**
 * Notes a session of a user. KEYS are the user's index and epoch. ARGV: handle, deadline, when the login began (empty = it is
 * none), the epoch at that time. Answers how many sessions the user has, -1 = the login was overtaken, and nothing was done.
 *
 * An epoch that is not there has expired, after longer than any login takes, or nobody ever ended all sessions.
 */
export const ENTER_USER = defineScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[3] ~= '' then
  local epoch = redis.call('GET', KEYS[2])
  if epoch and epoch ~= ARGV[4] or now - tonumber(ARGV[3]) > ${LOGIN_LIMIT} then return -1 end
end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
local overdue = string.format('(%.0f', now - ${OVERDUE_LIFE})
for _, handle in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', overdue, 'LIMIT', 0, 100)) do
  if handle ~= ARGV[1] then redis.call('ZREM', KEYS[1], handle) end
end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last[2]) + ${OVERDUE_LIFE}))
return redis.call('ZCOUNT', KEYS[1], string.format('(%.0f', now), '+inf')
`);

/**
 * Notes a later deadline of a session of a user, if it is still noted as his. ARGV: handle, deadline. As ENTER, a full Redis
 * does not refuse it.
 */
export const LENGTHEN_USER = defineScript(`
redis.call('ZREM', KEYS[1], '')
redis.call('ZADD', KEYS[1], 'XX', ARGV[2], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last[2]) + ${OVERDUE_LIFE}))
end
return 1
`);

/**
 * Overtakes the logins of a user that have begun, and answers the handles of his sessions. KEYS are his index and epoch, ARGV is
 * the new epoch.
 */
export const BEGIN_END = defineScript(`
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ${EPOCH_LIFE})
return redis.call('ZRANGE', KEYS[1], 0, -1)
`);

/** Takes an entry out if it is as it was. ARGV: handle, deadline. Answers whether it was. */
export const FORGET = defineScript(`
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[2]) then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
`);
