import { ENTRY_MAGIC, FLAGS_AT, GENERATIONS_AT, PLAIN_JSON_FLAG_CHAR } from '../codec/envelope.js';
import type { RedisReply } from '../connection/connection.js';
import { defineScript } from '../connection/script.js';
import { NotANumberError } from '../errors.js';

/** What a script answers when Redis holds other generations than the caller assumed: learn them and ask again. */
export const OTHER_GENERATIONS = 'GENERATIONS';
/** What `INCREMENT` answers when the entry is no integer, or the sum is no safe one. */
export const NOT_AN_INTEGER = 'INTEGER';
/** What `INCREMENT` answers when there is no entry and no initial value. */
export const ABSENT = 'ABSENT';

/*
 * In all scripts KEYS[1] is the entry, the other keys are its generations, and ARGV[1] is the generations as the caller
 * knows them, joined. `present` is the entry's bytes when it is valid, else nil.
 */
const PRELUDE = `
local known = redis.call('MGET', unpack(KEYS, 2))
for at = 1, #known do
  if not known[at] then return '${OTHER_GENERATIONS}' end
end
if table.concat(known) ~= ARGV[1] then return '${OTHER_GENERATIONS}' end
local function valid(bytes)
  return bytes and string.sub(bytes, 1, ${ENTRY_MAGIC.length}) == '${ENTRY_MAGIC}'
    and string.sub(bytes, ${GENERATIONS_AT + 1}, ${GENERATIONS_AT} + #ARGV[1]) == ARGV[1]
end
local header = redis.call('GETRANGE', KEYS[1], 0, ${GENERATIONS_AT - 1} + #ARGV[1])
`;

/** Writes ARGV[2] with a ttl of ARGV[3] (empty = none) unless there is a valid entry. Answers whether it did: 1 or 0. */
export const ADD = defineScript(`${PRELUDE}
if valid(header) then return 0 end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
`);

/** Gives a valid entry a ttl of ARGV[2] (empty = none). Answers 1, or 0 when there is no valid entry. */
export const TOUCH = defineScript(`${PRELUDE}
if not valid(header) then return 0 end
if ARGV[2] == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
`);

/**
 * Adds ARGV[2] to the integer of a valid entry and leaves its ttl; else writes the sum of ARGV[3] (empty = do not) and
 * ARGV[2] behind the header ARGV[5], with a ttl of ARGV[4] (empty = none). Answers the sum as text.
 */
export const INCREMENT = defineScript(`${PRELUDE}
local limit = 9007199254740991
local start, ttl
if valid(header) then
  local bytes = redis.call('GET', KEYS[1])
  local text = string.sub(bytes, #header + 1)
  if string.sub(bytes, ${FLAGS_AT + 1}, ${FLAGS_AT + 1}) ~= '${PLAIN_JSON_FLAG_CHAR}'
    or not string.match(text, '^-?%d+$') then return '${NOT_AN_INTEGER}' end
  start = tonumber(text)
elseif ARGV[3] == '' then
  return '${ABSENT}'
else
  header, start, ttl = ARGV[5], tonumber(ARGV[3]), ARGV[4]
end
local sum = start + tonumber(ARGV[2])
if math.abs(start) > limit or math.abs(sum) > limit then return '${NOT_AN_INTEGER}' end
local text = string.format('%.0f', sum)
if not ttl then redis.call('SET', KEYS[1], header .. text, 'KEEPTTL')
elseif ttl == '' then redis.call('SET', KEYS[1], header .. text)
else redis.call('SET', KEYS[1], header .. text, 'PX', ttl) end
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
