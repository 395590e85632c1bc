import { GENERATION_LENGTH } from '../codec/generation.js';
import { TELL_LUA } from '../connection/change-message.js';
import { defineScript } from '../connection/script.js';

/** What the value of a tag begins with that is barred, or was when its barrier ended without being lifted. */
export const BARRED = '!';

/*
 * The value of a tag is `<version>:<nonce>:<counter>`. The sequence is `<nonce>:<counter>`: its counter rises with each
 * invalidation of any tag, and its nonce is new whenever it was lost. A tag keeps the sequence as it was when the tag was
 * last invalidated or made, so that a load can tell from the sequence of its beginning whether that was before or after.
 *
 * In all scripts of tags KEYS[1] is the sequence, then come `count` tags, then as many barriers of theirs. ARGV[1] and [2] are
 * topic and message, ARGV[3] a new version, ARGV[4] a new nonce, ARGV[5] the life of a tag that is made or changed (empty =
 * for ever); a change never shortens it. Every script ends with `answer`, which tells of the tags that were changed.
 */
export const TAG_PRELUDE = `${TELL_LUA}
local count = (#KEYS - 1) / 2
local version, nonce, least = ARGV[3], ARGV[4], ARGV[5]
local changed = {}
local function parts(sequence)
  return string.match(sequence, '^([^:]+):(%d+)$')
end
local function raised()
  local known, counter = parts(redis.call('GET', KEYS[1]) or '')
  if not known then return nonce .. ':1' end
  return known .. ':' .. string.format('%.0f', tonumber(counter) + 1)
end
local function put(at, value, life)
  local key = KEYS[1 + at]
  if life == '' then redis.call('SET', key, value) else redis.call('SET', key, value, 'PX', life) end
  changed[#changed + 1] = key
end
local function change(at, value)
  local left = redis.call('PTTL', KEYS[1 + at])
  local life = least
  if left == -1 then life = '' elseif left > tonumber(least) then life = left end
  put(at, value, life)
end
local function remove(at)
  redis.call('UNLINK', KEYS[1 + at])
  changed[#changed + 1] = KEYS[1 + at]
end
local function is_barred(value)
  return string.sub(value, 1, 1) == '${BARRED}'
end
local function stands(at)
  return redis.call('EXISTS', KEYS[1 + count + at]) == 1
end
local function answer(value)
  tell(ARGV[1], ARGV[2], changed)
  return value
end
`;

/**
 * Makes the tags that are missing, and answers the sequence and the values of all. A barred one stays as it is. One whose
 * barrier has ended without being lifted counts as invalidated now: nobody knows what was written under the barrier.
 */
export const CREATE_TAGS = defineScript(`${TAG_PRELUDE}
local sequence = redis.call('GET', KEYS[1])
if not sequence then
  sequence = nonce .. ':0'
  redis.call('SET', KEYS[1], sequence)
end
local answers = {}
for at = 1, count do
  local value = redis.call('GET', KEYS[1 + at])
  if stands(at) then
    value = '${BARRED}'
  elseif not value or is_barred(value) then
    if value then
      sequence = raised()
      redis.call('SET', KEYS[1], sequence)
    end
    value = version .. ':' .. sequence
    put(at, value, least)
  end
  answers[1 + at] = value
end
answers[1] = sequence
return answer(answers)
`);

/**
 * Gives each tag a new version. A tag under a barrier stays barred. Where Redis is full, the tags and the sequence are
 * removed instead: that makes invalid just as well, and is never refused.
 */
export const BUMP_TAGS = defineScript(`${TAG_PRELUDE}
local sequence = raised()
local full = redis.pcall('SET', KEYS[1], sequence).err
if full then redis.call('UNLINK', KEYS[1]) end
for at = 1, count do
  local value = version .. ':' .. sequence
  if full then remove(at)
  elseif stands(at) then change(at, '${BARRED}' .. value)
  else change(at, value) end
end
return answer(1)
`);

/**
 * Answers the values of tags that a load names at its end, given the sequence of its beginning in ARGV[6], and makes those
 * that are missing. The others are lengthened unless they live for ARGV[7]. Answers 0, and makes none, unless none of them
 * was invalidated since that beginning.
 */
export const ADOPT_TAGS = defineScript(`${TAG_PRELUDE}
local sequence = redis.call('GET', KEYS[1])
local known = parts(sequence or '')
local began_under, began = parts(ARGV[6])
if not known or known ~= began_under then return answer(0) end
local values, ours = {}, true
for at = 1, count do
  local value = redis.call('GET', KEYS[1 + at])
  if stands(at) then
    ours = false
  elseif not value then
    -- Maybe it was invalidated and evicted after that: it was not only if nothing was invalidated at all.
    ours = ours and sequence == ARGV[6]
  elseif is_barred(value) then
    -- Its barrier has ended without being lifted, maybe while this load ran.
    remove(at)
    redis.call('SET', KEYS[1], raised())
    ours = false
  else
    local under, counter = string.match(value, '^${'.'.repeat(GENERATION_LENGTH)}:([^:]+):(%d+)$')
    -- Another nonce is that of an earlier sequence, which was lost before the load began.
    if not under or under == known and tonumber(counter) > tonumber(began) then ours = false end
  end
  values[at] = value
end
if not ours then return answer(0) end
for at = 1, count do
  if not values[at] then
    values[at] = version .. ':' .. sequence
    put(at, values[at], least)
  else
    local key = KEYS[1 + at]
    local left = redis.call('PTTL', key)
    if left >= 0 and least == '' then redis.call('PERSIST', key)
    elseif left >= 0 and left < tonumber(ARGV[7]) then redis.call('PEXPIRE', key, least) end
  end
end
return answer(values)
`);

/**
 * Lets tags live for ARGV[1] at least (empty = for ever), and never shorter: those that would not are given ARGV[2]. KEYS
 * are the tags alone. Answers how long each has left then, as PTTL does.
 */
export const LENGTHEN_TAGS = defineScript(`
local answers = {}
for at, key in ipairs(KEYS) do
  local left = redis.call('PTTL', key)
  if left >= 0 and ARGV[1] == '' then
    redis.call('PERSIST', key)
    left = -1
  elseif left >= 0 and left < tonumber(ARGV[1]) then
    redis.call('PEXPIRE', key, ARGV[2])
    left = tonumber(ARGV[2])
  end
  answers[at] = left
end
return answers
`);
