import {
  COUNT_AT,
  COUNT_BASE,
  ENTRY_MAGIC,
  EXPIRES_AT,
  FLAGS_AT,
  GENERATIONS_AT,
  MAX_GENERATIONS,
  PLAIN_JSON_FLAG_CHAR,
  TAGGED_FROM,
  TAGS_LENGTH_DIGITS,
} from '../codec/envelope.js';
import { GENERATION_LENGTH } from '../codec/generation.js';
import { TIMESTAMP_DIGITS, TIMESTAMP_LENGTH } from '../codec/timestamp.js';
import { TELL_LUA } from '../connection/change-message.js';
import type { RedisReply } from '../connection/connection.js';
import { defineScript } from '../connection/script.js';
import { NotANumberError } from '../errors.js';
import { EVENT } from './redis-lease-scripts.js';

/** What `INCREMENT` answers when the entry is no integer, or the sum is no safe one. */
export const NOT_AN_INTEGER = 'INTEGER';
/** What `INCREMENT` answers when there is no entry and no initial value. */
export const ABSENT = 'ABSENT';
/** What `INCREMENT` answers when a barrier stands. */
export const BARRIER = 'BARRIER';

/*
 * All scripts that change entries begin with telling of them: ARGV[1] is the topic (empty = they are silent), ARGV[2] the
 * message. They tell of what they may change, before they do: a message that is left out would count as lost.
 */

/**
 * Writes entries and ends their leases: all are written before the first lease is removed, since Redis that is full refuses
 * the first write of a script and none behind it. KEYS are the entries, their leases, their barriers; from ARGV[3] on stand the bytes
 * and the ttl (empty = none) of each. Answers for each: 1 = written, 0 = a barrier stands, or the error with which Redis has
 * refused it: then what stood there is gone as well, since the caller wanted to replace it.
 */
export const WRITE = defineScript(`${TELL_LUA}${EVENT}
local count = #KEYS / 3
if ARGV[1] ~= '' then tell(ARGV[1], ARGV[2], { unpack(KEYS, 1, count) }) end
local barred = redis.call('EXISTS', unpack(KEYS, 2 * count + 1)) > 0
local answers = {}
for at = 1, count do
  if barred and redis.call('EXISTS', KEYS[2 * count + at]) == 1 then
    answers[at] = 0
  else
    local ttl = ARGV[2 * at + 2]
    local reply
    if ttl == '' then reply = redis.pcall('SET', KEYS[at], ARGV[2 * at + 1])
    else reply = redis.pcall('SET', KEYS[at], ARGV[2 * at + 1], 'PX', ttl) end
    answers[at] = reply.err or 1
  end
end
redis.call('DEL', unpack(KEYS, count + 1, 2 * count))
for at = 1, count do
  if type(answers[at]) == 'string' and redis.call('UNLINK', KEYS[at]) == 0 then event(KEYS[at]) end
end
return answers
`);

/** Removes entries and ends their leases. KEYS are the entries, then their leases. Answers how many were there. */
export const DELETE = defineScript(`${TELL_LUA}${EVENT}
local count = #KEYS / 2
if ARGV[1] ~= '' then tell(ARGV[1], ARGV[2], { unpack(KEYS, 1, count) }) end
redis.call('DEL', unpack(KEYS, count + 1))
local removed = 0
for at = 1, count do
  if redis.call('UNLINK', KEYS[at]) == 1 then removed = removed + 1 else event(KEYS[at]) end
end
return removed
`);

/** Removes a generation, KEYS[1], and tells of it. */
export const CLEAR = defineScript(`${TELL_LUA}
tell(ARGV[1], ARGV[2], KEYS)
return redis.call('UNLINK', KEYS[1])
`);

/** Removes entries, the KEYS, whose headers are still those of ARGV. Answers how many. */
export const RECLAIM = defineScript(`
local removed = 0
for at = 1, #KEYS do
  if redis.call('GETRANGE', KEYS[at], 0, #ARGV[at] - 1) == ARGV[at] then
    removed = removed + redis.call('UNLINK', KEYS[at])
  end
end
return removed
`);

/*
 * The scripts of one entry: KEYS are the entry, its lease, its barrier. ARGV[3] is the time in milliseconds, ARGV[4] the
 * generations as the caller knows them, ARGV[5] a header that the caller has judged, ARGV[6] whether it was found valid (1).
 * They touch one slot: generations and tags are the caller's to look at, who runs the script again if they have changed.
 *
 * An entry that carries other generations or tags is neither valid nor invalid by itself: its header is the answer (as an
 * array of one), to be judged. `header` is what stands in front of the payload, `fresh` whether the entry is to be found.
 *
 * Redis compares strings by the rules of its locale, so times are compared as numbers.
 */
const JUDGING = `${TELL_LUA}
tell(ARGV[1], ARGV[2], { KEYS[1] })
local function number_of(text)
  local value = 0
  for at = 1, ${TIMESTAMP_LENGTH} do
    value = value * 64 + (string.find('${TIMESTAMP_DIGITS}', string.sub(text, at, at), 1, true) or 1) - 1
  end
  return value
end
local now = tonumber(ARGV[3])
local header = redis.call('GETRANGE', KEYS[1], 0, ${GENERATIONS_AT - 1} + #ARGV[4])
local fresh, expires = false, 0
if string.sub(header, 1, ${ENTRY_MAGIC.length}) == '${ENTRY_MAGIC}' and #header >= ${GENERATIONS_AT} then
  local count = string.byte(header, ${COUNT_AT + 1})
  local tagged = count >= ${TAGGED_FROM}
  if tagged then count = count - ${TAGGED_FROM} else count = count - ${COUNT_BASE} end
  local valid = not tagged and string.sub(header, ${GENERATIONS_AT + 1}) == ARGV[4]
    and count * ${GENERATION_LENGTH} == #ARGV[4]
  if not valid and count >= 1 and count <= ${MAX_GENERATIONS} then
    local length = ${GENERATIONS_AT} + count * ${GENERATION_LENGTH}
    if tagged then
      local digits = redis.call('GETRANGE', KEYS[1], length, length + ${TAGS_LENGTH_DIGITS - 1})
      length = length + ${TAGS_LENGTH_DIGITS} + (tonumber(digits, 16) or 0)
    end
    header = redis.call('GETRANGE', KEYS[1], 0, length - 1)
    if header ~= ARGV[5] then return { header } end
    valid = ARGV[6] == '1'
  end
  expires = number_of(string.sub(header, ${EXPIRES_AT + 1}, ${EXPIRES_AT + TIMESTAMP_LENGTH}))
  fresh = valid and now < expires
end
local function grace()
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then return 0 end
  return math.max(0, left - (expires - now))
end
`;

/**
 * Writes ARGV[7] with a ttl of ARGV[8] (empty = none) and ends the lease, unless there is a fresh entry or a barrier.
 * Answers whether it did: 1 or 0.
 */
export const ADD = defineScript(`${JUDGING}
if fresh or redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
if ARGV[8] == '' then redis.call('SET', KEYS[1], ARGV[7]) else redis.call('SET', KEYS[1], ARGV[7], 'PX', ARGV[8]) end
redis.call('DEL', KEYS[2])
return 1
`);

/**
 * Lets a fresh entry become stale at ARGV[7], ARGV[8] milliseconds from now (empty = never). It keeps its grace, unless it
 * never becomes stale. Answers 1, or 0 when there is no fresh entry.
 */
export const TOUCH = defineScript(`${JUDGING}
local time = redis.call('TIME')
-- What has expired while this was on its way must not be made fresh again.
if not fresh or time[1] * 1000 + time[2] / 1000 >= expires then return 0 end
if ARGV[8] == '' then redis.call('PERSIST', KEYS[1])
else redis.call('PEXPIRE', KEYS[1], string.format('%.0f', tonumber(ARGV[8]) + grace())) end
redis.call('SETRANGE', KEYS[1], ${EXPIRES_AT}, ARGV[7])
return 1
`);

/** A shorter grace cannot be told from the time that commands were on their way. In milliseconds. */
const LEAST_GRACE = 100;

/**
 * Ends the lease of an entry, whether there is one or not: what is loaded at this moment is not fresh either. Makes a fresh
 * entry stale at ARGV[7]; one that never expires is given a grace of ARGV[8], and one without a grace is removed. Answers 1, or
 * 0 when there is no fresh entry.
 */
export const EXPIRE = defineScript(`${EVENT}${JUDGING}
redis.call('DEL', KEYS[2])
if not fresh then
  -- For a process whose time is behind it may be fresh for a while yet.
  if expires > number_of(ARGV[7]) then redis.call('SETRANGE', KEYS[1], ${EXPIRES_AT}, ARGV[7]) end
  event(KEYS[1])
  return 0
end
local left = grace()
if redis.call('PTTL', KEYS[1]) == -1 then left = tonumber(ARGV[8]) end
if left < ${LEAST_GRACE} then
  redis.call('UNLINK', KEYS[1])
else
  redis.call('SETRANGE', KEYS[1], ${EXPIRES_AT}, ARGV[7])
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left))
end
return 1
`);

/**
 * Adds ARGV[7] to the integer of a fresh entry and leaves its ttl; else writes the sum of ARGV[8] (empty = do not) and
 * ARGV[7] behind the header ARGV[10], with a ttl of ARGV[9] (empty = none). Ends the lease. Answers the sum as text.
 */
export const INCREMENT = defineScript(`${JUDGING}
if redis.call('EXISTS', KEYS[3]) == 1 then return '${BARRIER}' end
local limit = 9007199254740991
local start, ttl
if fresh then
  local text = redis.call('GETRANGE', KEYS[1], #header, -1)
  if string.sub(header, ${FLAGS_AT + 1}, ${FLAGS_AT + 1}) ~= '${PLAIN_JSON_FLAG_CHAR}'
    or not string.match(text, '^-?%d+$') then return '${NOT_AN_INTEGER}' end
  start = tonumber(text)
elseif ARGV[8] == '' then
  return '${ABSENT}'
else
  header, start, ttl = ARGV[10], tonumber(ARGV[8]), ARGV[9]
end
local sum = start + tonumber(ARGV[7])
if math.abs(start) > limit or math.abs(sum) > limit then return '${NOT_AN_INTEGER}' end
local text = string.format('%.0f', sum)
if not ttl then redis.call('SET', KEYS[1], header .. text, 'KEEPTTL')
elseif ttl == '' then redis.call('SET', KEYS[1], header .. text)
else redis.call('SET', KEYS[1], header .. text, 'PX', ttl) end
redis.call('DEL', KEYS[2])
return text
`);

/**
 * The sum that a script for counting answers; `undefined` = there is no entry to count on.
 *
 * @throws NotANumberError when the entry is no integer, or the sum is no safe one
 */
export function sumOf(reply: RedisReply): number | undefined {
  const text = String(reply);
  if (text === NOT_AN_INTEGER) throw new NotANumberError();
  return text === ABSENT ? undefined : Number(text);
}
