import { GENERATION_LENGTH } from '../codec/generation.js';
import { defineScript } from '../connection/script.js';

/** What the value of a tag begins with that is barred, or was when its barrier ended without being lifted. */
export const BARRED = '!';

/*
 * The value of a tag is `<version>:<nonce>:<counter>`. The sequence is `<nonce>:<counter>`: its counter rises with each
 * invalidation of any tag, and its nonce is new whenever it was lost. A tag keeps the sequence as it was when the tag was
 * last invalidated or made, so that a load can tell from the sequence of its beginning whether that was before or after.
 *
 * In all scripts of tags KEYS[1] is the sequence, then come `count` tags, then as many barriers of theirs. ARGV[1] is a new
 * version, ARGV[2] a new nonce. A missing tag is invalid whatever its version was, so that every way out may remove one.
 */
export const TAG_PRELUDE = `
local count = (#KEYS - 1) / 2
local function parts(sequence)
  return string.match(sequence, '^([^:]+):(%d+)$')
end
local function raised()
  local nonce, counter = parts(redis.call('GET', KEYS[1]) or '')
  if not nonce then return ARGV[2] .. ':1' end
  return nonce .. ':' .. string.format('%.0f', tonumber(counter) + 1)
end
local function put(key, value, life)
  if life == '' then return redis.call('SET', key, value) end
  return redis.call('SET', key, value, 'PX', life)
end
local function is_barred(value)
  return string.sub(value, 1, 1) == '${BARRED}'
end
local function stands(at)
  return redis.call('EXISTS', KEYS[1 + count + at]) == 1
end
`;

/**
 * Makes the tags that are missing, with a life of ARGV[3] (empty = for ever), and answers the values of all. A barred one
 * stays as it is. One whose barrier ended without being lifted counts as invalidated now: nobody knows what was written
 * under the barrier.
 */
export const CREATE_TAGS = defineScript(`${TAG_PRELUDE}
local sequence = redis.call('GET', KEYS[1])
if not sequence then
  sequence = ARGV[2] .. ':0'
  redis.call('SET', KEYS[1], sequence)
end
local values = {}
for at = 1, count do
  local key = KEYS[1 + at]
  local value = redis.call('GET', key)
  if stands(at) then
    value = '${BARRED}'
  elseif not value or is_barred(value) then
    if value then
      sequence = raised()
      redis.call('SET', KEYS[1], sequence)
    end
    value = ARGV[1] .. ':' .. sequence
    put(key, value, ARGV[3])
  end
  values[at] = value
end
return values
`);

/**
 * Gives each tag a new version and a life of ARGV[3] at least. A tag under a barrier stays barred. Where Redis is full, the
 * tags and the sequence are removed instead: that makes invalid just as well, and is never refused.
 */
export const BUMP_TAGS = defineScript(`${TAG_PRELUDE}
local sequence = raised()
local full = redis.pcall('SET', KEYS[1], sequence).err
if full then redis.call('UNLINK', KEYS[1]) end
for at = 1, count do
  local key = KEYS[1 + at]
  if full then
    redis.call('UNLINK', key)
  else
    local left = redis.call('PTTL', key)
    local life = ARGV[3]
    if left == -1 then life = '' elseif left > tonumber(life) then life = left end
    local value = ARGV[1] .. ':' .. sequence
    if stands(at) then value = '${BARRED}' .. value end
    put(key, value, life)
  end
end
return 1
`);

/**
 * Answers the values of tags that a load names at its end, given the sequence of its beginning in ARGV[4], and makes those
 * that are missing, with a life of ARGV[3]. Answers 0, and makes none, unless no tag was invalidated since that beginning.
 */
export const ADOPT_TAGS = defineScript(`${TAG_PRELUDE}
local sequence = redis.call('GET', KEYS[1])
local nonce, counter = parts(sequence or '')
local began_nonce, began = parts(ARGV[4])
if not nonce or nonce ~= began_nonce then return 0 end
local values = {}
local ours = true
for at = 1, count do
  local value = redis.call('GET', KEYS[1 + at])
  if stands(at) then
    ours = false
  elseif not value then
    -- Maybe it was invalidated and evicted after that: only if nothing was invalidated at all, it was not.
    ours = ours and sequence == ARGV[4]
  elseif is_barred(value) then
    -- Its barrier has ended without being lifted, maybe while this load ran.
    redis.call('UNLINK', KEYS[1 + at])
    redis.call('SET', KEYS[1], raised())
    ours = false
  else
    local at_nonce, at_counter = string.match(value, '^${'.'.repeat(GENERATION_LENGTH)}:([^:]+):(%d+)$')
    -- Another nonce is that of an earlier sequence, which was lost before the load began.
    if not at_nonce or at_nonce == nonce and tonumber(at_counter) > tonumber(began) then ours = false end
  end
  values[at] = value
end
if not ours then return 0 end
for at = 1, count do
  if not values[at] then
    values[at] = ARGV[1] .. ':' .. sequence
    put(KEYS[1 + at], values[at], ARGV[3])
  end
end
return values
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
