import { defineScript } from '../connection/script.js';
import { ABSENT, NOT_AN_INTEGER } from './redis-scripts.js';

/**
 * Adds ARGV[1] to the integer at KEYS[1] and leaves its ttl; else writes the sum of ARGV[2] (empty = do not) and ARGV[1]
 * with a ttl of ARGV[3] (empty = none). Answers the sum as text.
 */
export const INCREMENT_JSON = defineScript(`
local limit = 9007199254740991
local present = redis.pcall('GET', KEYS[1])
if type(present) == 'table' then return '${NOT_AN_INTEGER}' end
if not present then
  if ARGV[2] == '' then return '${ABSENT}' end
  local sum = tonumber(ARGV[2]) + tonumber(ARGV[1])
  if math.abs(sum) > limit then return '${NOT_AN_INTEGER}' end
  local text = string.format('%.0f', sum)
  if ARGV[3] == '' then redis.call('SET', KEYS[1], text) else redis.call('SET', KEYS[1], text, 'PX', ARGV[3]) end
  return text
end
if present ~= '0' and not string.match(present, '^-?[1-9]%d*$') then return '${NOT_AN_INTEGER}' end
local start = tonumber(present)
if math.abs(start) > limit or math.abs(start + tonumber(ARGV[1])) > limit then return '${NOT_AN_INTEGER}' end
return string.format('%.0f', redis.call('INCRBY', KEYS[1], ARGV[1]))
`);
