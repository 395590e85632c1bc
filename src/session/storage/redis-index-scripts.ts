import { defineScript } from '../../connection/script.js';

/** How long an entry of a user's index is kept after its deadline: longer than it takes to mend one that is behind. */
export const OVERDUE_LIFE = 600_000;
/** How long a login may take from `beginLogin` on. */
const LOGIN_LIMIT = 600_000;
/** How long it is known that all sessions of a user were ended: longer than any login that is still accepted. */
const EPOCH_LIFE = 3_600_000;

/**
 * `index(command, …)` runs a command on KEYS[1], a sorted set. A key of another type cannot be anybody's under this prefix: it
 * makes way.
 */
const INDEX = `
local function index(command, ...)
  local reply = redis.pcall(command, KEYS[1], ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  if string.find(reply.err, 'WRONGTYPE', 1, true) then redis.call('UNLINK', KEYS[1]) end
  return redis.call(command, KEYS[1], ...)
end
`;

/**
 * Notes a session in a shard of the registry. ARGV: handle, deadline, and whether it is there already (1). What is there already
 * is noted even by a Redis that is full: it refuses the first write of a script if that may take memory, and none behind it.
 */
export const ENTER = defineScript(`${INDEX}
if ARGV[3] == '1' then index('ZREM', '') end
index('ZADD', ARGV[2], ARGV[1])
return 1
`);

/**
 * Notes a session of a user. KEYS are the user's index and epoch. ARGV: handle, deadline, when the login began (empty = it is
 * none), the epoch at that time. Answers how many sessions the user has, -1 = the login was overtaken, and nothing was done.
 *
 * An epoch that is not there has expired, after longer than any login takes, or nobody ever ended all sessions.
 */
export const ENTER_USER = defineScript(`${INDEX}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[3] ~= '' then
  local epoch = redis.call('TYPE', KEYS[2]).ok == 'string' and redis.call('GET', KEYS[2])
  if epoch and epoch ~= ARGV[4] or now - tonumber(ARGV[3]) > ${LOGIN_LIMIT} then return -1 end
end
index('ZADD', ARGV[2], ARGV[1])
local overdue = string.format('(%.0f', now - ${OVERDUE_LIFE})
for _, handle in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', overdue, 'LIMIT', 0, 100)) do
  if handle ~= ARGV[1] then redis.call('ZREM', KEYS[1], handle) end
end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last[2]) + ${OVERDUE_LIFE}))
return redis.call('ZCOUNT', KEYS[1], string.format('(%.0f', now), '+inf')
`);

/**
 * Notes a later deadline of a session of a user, if it is still noted as his, and answers whether it is (1). ARGV: handle,
 * deadline. As ENTER, a full Redis does not refuse it.
 */
export const LENGTHEN_USER = defineScript(`${INDEX}
index('ZREM', '')
redis.call('ZADD', KEYS[1], 'XX', ARGV[2], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last[2]) + ${OVERDUE_LIFE}))
end
return redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0
`);

/**
 * Overtakes the logins of a user that have begun, and answers the handles of his sessions, so many at most. KEYS are his index
 * and epoch, ARGV is the new epoch and the number.
 */
export const BEGIN_END = defineScript(`${INDEX}
redis.call('UNLINK', KEYS[2])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ${EPOCH_LIFE})
return index('ZRANGE', 0, ARGV[2] - 1)
`);

/** Takes an entry out if it is as it was. ARGV: handle, deadline. Answers whether it was. */
export const FORGET = defineScript(`${INDEX}
local score = index('ZSCORE', ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[2]) then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
`);

/** Removes a key that is of another type than ARGV[1]. */
export const MAKE_WAY = defineScript(`
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' or kind == ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])
`);
