import { defineScript } from '../connection/script.js';

/*
 * In all scripts KEYS[1] is the lock, KEYS[2] the fence that was given out last for it, and ARGV[1] the token of whoever
 * asks. ARGV[2] is the lock's ttl, ARGV[3] that of the fence, in milliseconds.
 */

/**
 * Takes the lock if it is free. Answers its fence as text, or how many milliseconds the holder's lock has left to live as
 * a number (-1 = it does not expire).
 *
 * The fence is the server's time in microseconds, or one more than the last. So it grows also when the last one was evicted,
 * unless the server's clock was put back meanwhile.
 */
export const ACQUIRE = defineScript(`
local left = redis.call('PTTL', KEYS[1])
if left ~= -2 then return left end
local time = redis.call('TIME')
local last = tonumber(redis.call('GET', KEYS[2]) or '') or 0
local fence = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))
redis.call('SET', KEYS[2], fence, 'PX', ARGV[3])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return fence
`);

/** Lets the lock live for its whole ttl again. Answers 1, or 0 when it is not the asker's. */
export const RENEW = defineScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
`);

/** Gives the lock back. Answers 1, or 0 when it was not the asker's. */
export const RELEASE = defineScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
`);
