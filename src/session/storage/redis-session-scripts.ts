import { defineScript } from '../../connection/script.js';

/*
 * In all scripts KEYS[1] is a session, one hash: h its header, d its fields, m its device (where there is one), p:<field> what was
 * changed beside others' changes (empty = removed). g is there once it was rotated and names the new session; x is there once it
 * was ended, with nothing else but g.
 *
 * The header is one text of seven, with single spaces between them: v the nonce of the last write, c when it was created, s when
 * it was seen last, e its absolute end (empty = none), u the key of its user (empty = none), k its own idle time in milliseconds
 * (empty = that of the options, - = until the browser ends), p 1 where there are patches (empty = none). Times are milliseconds
 * by the clock of Redis. In one field they take 280 bytes less than in fields of their own.
 */

/** How long an ended session keeps others from bringing it back, in milliseconds: longer than any request. */
const TOMBSTONE_LIFE = 60_000;

/** What REPLACE, MERGE and FREEZE answer first. */
export const ANSWER = { gone: 0, stored: 1, merged: 2, frozen: 3, tooLarge: 4, changed: 5 } as const;

const TIME = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * `read()` gives the seven of the header of a session, and g; nil where there is none (any more), or something else. `header(it)`
 * puts the seven together.
 */
const READ = `
local function read()
  local it = redis.pcall('HMGET', KEYS[1], 'h', 'g', 'x')
  if it.err then
    if string.find(it.err, 'WRONGTYPE', 1, true) then return nil end
    error(it.err)
  end
  if it[3] or not it[1] then return nil end
  local v, c, s, e, u, k, p = string.match(it[1], '^([%w_%-]+) (%d+) (%d+) (%d*) ([%w_%-]*) ([%d%-]*) (1?)$')
  return v and { v = v, c = c, s = s, e = e, u = u, k = k, p = p, g = it[2] }
end
local function header(it)
  return table.concat({ it.v, it.c, it.s, it.e, it.u, it.k, it.p }, ' ')
end
`;

/** `unpatch()` removes all patches. */
const UNPATCH = `
local function unpatch()
  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(name, 1, 2) == 'p:' then redis.call('HDEL', KEYS[1], name) end
  end
end
`;

/** `entomb(to)` ends what stands there, and keeps to which session it was rotated (empty = none). */
const ENTOMB = `
local function entomb(to)
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'x', '1')
  if to ~= '' then redis.call('HSET', KEYS[1], 'g', to) end
  redis.call('PEXPIRE', KEYS[1], ${TOMBSTONE_LIFE})
end
`;

/**
 * `finish(e, c, limit)` gives the absolute end of a session (nil = none): the stored one, or an earlier one by the limit of now
 * (empty = none). `expire(ttl, e)` lets it live for that long, not longer, and gives its deadline. A number as text that Lua
 * would write as 1.7e+12 is refused by Redis.
 */
const LIFE = `
local function finish(e, c, limit)
  e, c, limit = tonumber(e), tonumber(c), tonumber(limit)
  if c and limit and (not e or c + limit < e) then e = c + limit end
  return e
end
local function expire(ttl, e)
  local deadline = now + ttl
  if e and e < deadline then deadline = e end
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', deadline))
  return string.format('%.0f', deadline)
end
`;

/**
 * `live(limit)` gives a session that can be written to, with its absolute end as `ends` (nil = none), else nil and the answer. One
 * whose end has come is removed.
 */
const LIVE = `
local function live(limit)
  local it = read()
  if not it then return nil, ${ANSWER.gone} end
  if it.g then return nil, ${ANSWER.frozen} end
  it.ends = finish(it.e, it.c, limit)
  if it.ends and it.ends <= now then
    redis.call('DEL', KEYS[1])
    return nil, ${ANSWER.gone}
  end
  return it
end
`;

/**
 * How REPLACE and MERGE end. ARGV: nonce, the idle time of the options, the limit (empty = none), whether to lengthen its life (1),
 * k and u (= is as it was). `note(it, p)` makes the next header; `done(it, answer)` lengthens and answers.
 */
const WRITE = `
local function note(it, p)
  it.v, it.s, it.p = ARGV[1], string.format('%.0f', now), p
  if ARGV[5] ~= '=' then it.k = ARGV[5] end
  if ARGV[6] ~= '=' then it.u = ARGV[6] end
  return header(it)
end
local function done(it, answer)
  if ARGV[4] ~= '1' then return { answer, '' } end
  return { answer, expire(tonumber(it.k) or tonumber(ARGV[2]), it.ends) }
end
`;

/**
 * Stores a new session. ARGV: nonce, d, k, u, m, c (empty = now), e (empty = none), the limit that is used where c is empty
 * (empty = none), how long it lives. Answers created, deadline and absolute end (empty = none) as texts, or nil where the key is
 * taken, by a tombstone, too. The same nonce again is done.
 */
export const CREATE = defineScript(`${TIME}${READ}${LIFE}
local it = read()
if it and (it.v ~= ARGV[1] or it.g) then return false end
if not it and redis.call('EXISTS', KEYS[1]) == 1 then return false end
local c, e = ARGV[6], finish(ARGV[7], nil, nil)
if it then c, e = it.c, finish(it.e, nil, nil)
elseif c == '' then
  c = string.format('%.0f', now)
  e = finish(ARGV[7], c, ARGV[8])
end
local ends = e and string.format('%.0f', e) or ''
if not it then
  local s = string.format('%.0f', now)
  local h = header({ v = ARGV[1], c = c, s = s, e = ends, u = ARGV[4], k = ARGV[3], p = '' })
  if ARGV[5] == '' then redis.call('HSET', KEYS[1], 'h', h, 'd', ARGV[2])
  else redis.call('HSET', KEYS[1], 'h', h, 'd', ARGV[2], 'm', ARGV[5]) end
end
return { c, expire(tonumber(ARGV[9]), e), ends }
`);

/**
 * Stores a session as a whole, if nobody has written to it since it was read. ARGV as WRITE says, then the version that was read,
 * and d. Answers what became of it, and the new deadline (empty = as it was).
 *
 * The same nonce again answers as if others had written: nobody can tell any more whether they had.
 */
export const REPLACE = defineScript(`${TIME}${READ}${LIFE}${LIVE}${WRITE}${UNPATCH}
local it, answer = live(ARGV[3])
if not it then return { answer, '' } end
if it.v == ARGV[1] then return done(it, ${ANSWER.merged}) end
if it.v ~= ARGV[7] then return { ${ANSWER.changed}, '' } end
local patched = it.p ~= ''
redis.call('HSET', KEYS[1], 'h', note(it, ''), 'd', ARGV[8])
if patched then unpatch() end
return done(it, ${ANSWER.stored})
`);

/**
 * Stores what was changed beside what others have written. ARGV as WRITE says, then maxBytes, then name and text of each changed
 * field. Answers what became of it, and the new deadline (empty = as it was) or how many bytes would be too many. The same nonce
 * again changes nothing.
 */
export const MERGE = defineScript(`${TIME}${READ}${LIFE}${LIVE}${WRITE}
local it, answer = live(ARGV[3])
if not it then return { answer, '' } end
if it.v ~= ARGV[1] then
  local sizes, total = {}, 0
  local stored = redis.call('HGETALL', KEYS[1])
  for at = 1, #stored, 2 do
    if stored[at] == 'd' then sizes.d = #stored[at + 1]
    elseif string.sub(stored[at], 1, 2) == 'p:' then sizes[stored[at]] = #stored[at] - 2 + #stored[at + 1] end
  end
  for at = 8, #ARGV, 2 do sizes[ARGV[at]] = #ARGV[at] - 2 + #ARGV[at + 1] end
  for _, size in pairs(sizes) do total = total + size end
  if total > tonumber(ARGV[7]) then return { ${ANSWER.tooLarge}, total } end
  redis.call('HSET', KEYS[1], 'h', note(it, '1'))
  for at = 8, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
end
return done(it, ${ANSWER.merged})
`);

/**
 * Lengthens the life of a session. ARGV: the idle time of the options, the limit (empty = none). Answers the deadline as text,
 * nil where there is no session, or it was rotated. The first write is one that a full Redis does not refuse.
 */
export const TOUCH = defineScript(`${TIME}${READ}${LIFE}${LIVE}
local it = live(ARGV[2])
if not it then return false end
local deadline = expire(tonumber(it.k) or tonumber(ARGV[1]), it.ends)
it.s = string.format('%.0f', now)
if now < tonumber(deadline) then redis.call('HSET', KEYS[1], 'h', header(it)) end
return deadline
`);

/**
 * Ends a session, and leaves a tombstone, where there was none, too: one that is about to be stored must not be. Answers what
 * stood for its user and to which session it was rotated, lately (both empty = none), nil where there was none.
 */
export const DESTROY = defineScript(`${READ}${ENTOMB}
local it, u, to = read(), '', ''
if it then
  u, to = it.u, it.g or ''
elseif redis.call('TYPE', KEYS[1]).ok == 'hash' then
  to = redis.call('HGET', KEYS[1], 'g') or ''
end
entomb(to)
if not it and to == '' then return false end
return { u, to }
`);

/**
 * Makes of a session what its old id reads. ARGV: the version that it must have, what it reads (d), the new session, for how
 * long. A time of 0 ends it at once. Answers what became of it: gone, changed (another version), or frozen, also where it was
 * rotated to that session before.
 *
 * Its key outlives that time: whoever ends the session by what he has read before must find the new one.
 */
export const FREEZE = defineScript(`${TIME}${READ}${ENTOMB}${UNPATCH}
local it = read()
local to = it and it.g
if not it then to = redis.pcall('HGET', KEYS[1], 'g') end
if to == ARGV[3] then return ${ANSWER.frozen} end
if not it or to then return ${ANSWER.gone} end
if it.v ~= ARGV[1] then return ${ANSWER.changed} end
local grace, left = tonumber(ARGV[4]), redis.call('PTTL', KEYS[1])
if left >= 0 and left < grace then grace = left end
if grace <= 0 then
  entomb(ARGV[3])
  return ${ANSWER.frozen}
end
unpatch()
local e = now + grace
if tonumber(it.e) and tonumber(it.e) < e then e = tonumber(it.e) end
it.e, it.u, it.p = string.format('%.0f', e), '', ''
redis.call('HSET', KEYS[1], 'h', header(it), 'd', ARGV[2], 'g', ARGV[3])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(grace, ${TOMBSTONE_LIFE})))
return ${ANSWER.frozen}
`);

/**
 * Gives a session another key, for ARGV[2] milliseconds. KEYS[2] is that key, ARGV[1] the version that was read. Answers 1, or 0
 * where something else stands there by now.
 */
export const PUT_ASIDE = defineScript(`
local kind, v = redis.call('TYPE', KEYS[1]).ok, ''
if kind == 'none' then return 0 end
if kind == 'hash' then
  if redis.call('HEXISTS', KEYS[1], 'x') == 1 then return 0 end
  v = string.match(redis.call('HGET', KEYS[1], 'h') or '', '^([%w_%-]+) ') or ''
end
if v ~= ARGV[1] then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
`);
