import { TELL_LUA } from '../connection/change-message.js';
import { defineScript } from '../connection/script.js';

/** What the value of a lease begins with that nobody holds: a load has failed, and nobody is to try again yet. */
export const PAUSED = '!';

/**
 * `event(entry)` makes Redis tell whoever tracks keys that something became of an entry, though the entry itself was not
 * touched. The key that it writes is none of a user's. It must not be the first write of a script: a Redis that is full
 * refuses that, and none behind it.
 */
export const EVENT = `
local function event(entry)
  redis.call('SET', entry .. '!', '', 'PX', 1)
  redis.call('DEL', entry .. '!')
end
`;

/**
 * Gives leases back without a word: KEYS are the leases, ARGV their tokens. Whoever waits for one is not woken, so it is for
 * leases that were held for a moment only. Answers how many were still held.
 */
export const LET_GO = defineScript(`
local held = 0
for at, lease in ipairs(KEYS) do
  if redis.call('GET', lease) == ARGV[at] then held = held + redis.call('DEL', lease) end
end
return held
`);

/**
 * Stores loaded values. KEYS are an entry and its lease for each; ARGV are topic and message, then the token, the bytes and
 * the ttl (empty = none) of each. Answers for each: 1 = stored; 0 = the lease was lost, and nothing was done; a text = the
 * server's refusal, and the lease was given back.
 *
 * All entries are written before the first lease is removed: a Redis that is full refuses the first write of a script, and
 * none behind it. What stood there before a refusal is as valid as it was, and stays.
 */
export const FILL = defineScript(`${TELL_LUA}${EVENT}
local answers, ended = {}, {}
for at = 1, #KEYS / 2 do
  local entry, token, bytes, life = KEYS[2 * at - 1], ARGV[3 * at], ARGV[3 * at + 1], ARGV[3 * at + 2]
  answers[at] = 0
  if redis.call('GET', KEYS[2 * at]) == token then
    local reply
    if life == '' then reply = redis.pcall('SET', entry, bytes)
    else reply = redis.pcall('SET', entry, bytes, 'PX', life) end
    answers[at] = reply.err or 1
    ended[#ended + 1] = entry
  end
end
for at, answer in ipairs(answers) do
  if answer ~= 0 then redis.call('DEL', KEYS[2 * at]) end
  if answer ~= 0 and answer ~= 1 then event(KEYS[2 * at - 1]) end
end
tell(ARGV[1], ARGV[2], ended)
return answers
`);

/**
 * Gives leases back without a value and wakes whoever waits for them. KEYS are an entry and its lease for each; ARGV are
 * topic and message, for how long nobody is to load then (empty = not at all), and the tokens. Answers 1 for each lease that
 * was still held, else 0.
 */
export const RELEASE = defineScript(`${TELL_LUA}${EVENT}
local answers, ended = {}, {}
for at = 1, #KEYS / 2 do
  local entry, lease = KEYS[2 * at - 1], KEYS[2 * at]
  answers[at] = 0
  if redis.call('GET', lease) == ARGV[3 + at] then
    answers[at] = redis.call('DEL', lease)
    if ARGV[3] ~= '' then redis.call('SET', lease, '${PAUSED}', 'PX', ARGV[3]) end
    event(entry)
    ended[#ended + 1] = entry
  end
end
tell(ARGV[1], ARGV[2], ended)
return answers
`);

/** Keeps leases for ARGV[1] more. KEYS are the leases, the other ARGV their tokens. Answers 1 for each that is held, else 0. */
export const RENEW = defineScript(`
local answers = {}
for at, lease in ipairs(KEYS) do
  answers[at] = 0
  if redis.call('GET', lease) == ARGV[1 + at] then answers[at] = redis.call('PEXPIRE', lease, ARGV[1]) end
end
return answers
`);
