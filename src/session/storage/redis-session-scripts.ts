import { defineScript } from '../../connection/script.js';

/*
 * In all scripts KEYS[1] is a session, one hash: h its header, d its fields, m its device (where there is one), p:<field> what was
 * changed beside others' changes (empty = removed). g is there once it was rotated and names the new session; x is there once it
 * was ended, with nothing else but g.
 *
 * The header is one text of eight, with single spaces between them: v the nonce of the last write, c when it was created, s when
 * it was seen last, e its absolute end (empty = none), u the key of its user (empty = none), k its own idle time in milliseconds
 * (empty = that of the options, - = until the browser ends), p 1 where there are patches (empty = none), t when it ends if nobody
 * asks again, which is when the key expires, so that who reads it need not ask for that, too. Times are milliseconds by the clock
 * of Redis. In one field they take 300 bytes less than in fields of their own.
 */

/** How long an ended session keeps others from bringing it back, in milliseconds: longer than any request. */
const TOMBSTONE_LIFE = 60_000;

/** What REPLACE, MERGE and FREEZE answer first. */
export const ANSWER = { gone: 0, stored: 1, merged: 2, frozen: 3, tooLarge: 4, changed: 5, late: 6 } as const;

const TIME = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/*
 * What follows is put into scripts as it is, once each: a function of Lua would be made anew by each call, which costs more than
 * what is in it.
 */

/** Makes v, c, s, e, u, k, p, t and g of a session; v is nil where there is none (any more), or something else. */
const READ = `
local found = redis.pcall('HMGET', KEYS[1], 'h', 'g', 'x')
if found.err and not string.find(found.err, 'WRONGTYPE', 1, true) then error(found.err) end
local v, c, s, e, u, k, p, t, g
if found[1] and not found[3] then
  v, c, s, e, u, k, p, t = string.match(found[1], '^([%w_%-]+) (%d+) (%d+) (%d*) ([%w_%-]*) ([%d%-]*) (1?) (%d+)$')
  g = found[2]
end
`;

/** The header of v, c, s, e, u, k, p and t. */
const HEADER = `table.concat({ v, c, s, e, u, k, p, t }, ' ')`;

/** `now` as text. A number that Lua makes a text of is 1.7e+12, which Redis refuses. */
const NOW = `string.format('%.0f', now)`;

/** Removes all patches. */
const UNPATCH = `
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(name, 1, 2) == 'p:' then redis.call('HDEL', KEYS[1], name) end
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

/** Makes `ends`, the absolute end (nil = none): the one that e says, or an earlier one by the limit (nil = none) of now. */
const ENDS = `
local ends = tonumber(e)
if limit and (not ends or c + limit < ends) then ends = c + limit end
`;

/** Makes t of a session that lives for `ttl` from now on, not longer than it may. */
const DEADLINE = `
t = now + ttl
if ends and ends < t then t = ends end
t = string.format('%.0f', t)
`;

/** Lets a session live until t. */
const EXPIRE = `
redis.call('PEXPIREAT', KEYS[1], t)
`;

/** Answers where a session cannot be written to. One whose absolute end has come is removed. Makes `ends`. */
function live(limit: string, gone: string, frozen: string): string {
  return `
if not v then return ${gone} end
if g then return ${frozen} end
local limit = tonumber(${limit})
${ENDS}
if ends and ends <= now then
  redis.call('DEL', KEYS[1])
  return ${gone}
end
`;
}

/**
 * How REPLACE and MERGE begin. ARGV: nonce, the idle time of the options, the limit (empty = none), whether to lengthen its life (1),
 * k and u (= is as it was).
 */
const BEGIN = `${TIME}${READ}${live('ARGV[3]', `{ ${ANSWER.gone}, '' }`, `{ ${ANSWER.frozen}, '' }`)}`;

/** Makes what the header is of after a write, but for p. */
const NOTE = `
v, s = ARGV[1], ${NOW}
if ARGV[5] ~= '=' then k = ARGV[5] end
if ARGV[6] ~= '=' then u = ARGV[6] end
if ARGV[4] == '1' then
  local ttl = tonumber(k) or tonumber(ARGV[2])
  ${DEADLINE}
end
`;

/** How REPLACE and MERGE end: lengthens and answers. */
const DONE = `
if ARGV[4] == '1' then ${EXPIRE} end
return { answer, t }
`;

/**
 * Stores a new session. ARGV: nonce, d, k, u, m, c (empty = now), e (empty = none), the limit that is used where c is empty
 * (empty = none), how long it lives. Answers deadline and absolute end (empty = none) as texts, or nil where the key is taken, by a
 * tombstone, too. The same nonce again is done.
 */
export const CREATE = defineScript(`${TIME}${READ}
if v and (v ~= ARGV[1] or g) then return false end
if not v then
  if redis.call('EXISTS', KEYS[1]) == 1 then return false end
  v, s, u, k, p = ARGV[1], ${NOW}, ARGV[4], ARGV[3], ''
  c, e = ARGV[6], ARGV[7]
  local limit
  if c == '' then c, limit = s, tonumber(ARGV[8]) end
  ${ENDS}
  e = ends and string.format('%.0f', ends) or ''
  local ttl = tonumber(ARGV[9])
  ${DEADLINE}
  redis.call('HSET', KEYS[1], 'h', ${HEADER}, 'd', ARGV[2])
  if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'm', ARGV[5]) end
  ${EXPIRE}
end
return { t, e }
`);

/**
 * Stores a session as a whole, if nobody has written to it since it was read. ARGV as WRITE says, then the version that was read,
 * and d. Answers what became of it, and the deadline, or where others have written what time it is.
 *
 * The same nonce again answers as if others had written: nobody can tell any more whether they had.
 */
export const REPLACE = defineScript(`${BEGIN}
if v == ARGV[1] then return { ${ANSWER.merged}, t } end
if v ~= ARGV[7] then return { ${ANSWER.changed}, ${NOW} } end
local answer, patched = ${ANSWER.stored}, p ~= ''
p = ''
${NOTE}
redis.call('HSET', KEYS[1], 'h', ${HEADER}, 'd', ARGV[8])
if patched then ${UNPATCH} end
${DONE}
`);

/**
 * Stores what was changed beside what others have written. ARGV as WRITE says, then maxBytes, until when, then name and text of each
 * changed field. Answers what became of it, and the deadline or how many bytes would be too many. The same nonce again changes
 * nothing.
 *
 * Nothing else would keep it from undoing later writes when it has been on its way for longer than anybody waits for it.
 */
export const MERGE = defineScript(`${BEGIN}
local answer = ${ANSWER.merged}
if v == ARGV[1] then return { answer, t } end
if now > tonumber(ARGV[8]) then return { ${ANSWER.late}, '' } end
local sizes, total = {}, 0
local stored = redis.call('HGETALL', KEYS[1])
for at = 1, #stored, 2 do
  if stored[at] == 'd' then sizes.d = #stored[at + 1]
  elseif string.sub(stored[at], 1, 2) == 'p:' then sizes[stored[at]] = #stored[at] - 2 + #stored[at + 1] end
end
for at = 9, #ARGV, 2 do sizes[ARGV[at]] = #ARGV[at] - 2 + #ARGV[at + 1] end
for _, size in pairs(sizes) do total = total + size end
if total > tonumber(ARGV[7]) then return { ${ANSWER.tooLarge}, total } end
p = '1'
${NOTE}
redis.call('HSET', KEYS[1], 'h', ${HEADER})
for at = 9, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
${DONE}
`);

/**
 * Lengthens the life of a session. ARGV: the idle time of the options, the limit (empty = none). Answers the deadline as text,
 * nil where there is no session, or it was rotated. The first write is one that a full Redis does not refuse.
 */
export const TOUCH = defineScript(`${TIME}${READ}${live('ARGV[2]', 'false', 'false')}
local ttl = tonumber(k) or tonumber(ARGV[1])
${DEADLINE}${EXPIRE}
s = ${NOW}
if now < tonumber(t) then redis.call('HSET', KEYS[1], 'h', ${HEADER}) end
return t
`);

/**
 * Ends a session, and leaves a tombstone, where there was none, too: one that is about to be stored must not be. Answers what
 * stood for its user and to which session it was rotated, lately (both empty = none), nil where there was none.
 */
export const DESTROY = defineScript(`${READ}${ENTOMB}
local to = g or ''
if not v and redis.call('TYPE', KEYS[1]).ok == 'hash' then to = redis.call('HGET', KEYS[1], 'g') or '' end
entomb(to)
if not v and to == '' then return false end
return { u or '', to }
`);

/**
 * Makes of a session what its old id reads. ARGV: the version that it must have, what it reads (d), the new session, for how
 * long. A time of 0 ends it at once. Answers what became of it: gone, changed (another version), or frozen, also where it was
 * rotated to that session before.
 *
 * Its key outlives that time: whoever ends the session by what he has read before must find the new one.
 */
export const FREEZE = defineScript(`${TIME}${READ}${ENTOMB}
local to = g
if not v then to = redis.pcall('HGET', KEYS[1], 'g') end
if to == ARGV[3] then return ${ANSWER.frozen} end
if not v or to then return ${ANSWER.gone} end
if v ~= ARGV[1] then return ${ANSWER.changed} end
local grace, left = tonumber(ARGV[4]), redis.call('PTTL', KEYS[1])
if left >= 0 and left < grace then grace = left end
if grace <= 0 then
  entomb(ARGV[3])
  return ${ANSWER.frozen}
end
${UNPATCH}
local ends = now + grace
if tonumber(e) and tonumber(e) < ends then ends = tonumber(e) end
e, u, p = string.format('%.0f', ends), '', ''
t = e
redis.call('HSET', KEYS[1], 'h', ${HEADER}, 'd', ARGV[2], 'g', ARGV[3])
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
