import { isDeepStrictEqual } from 'node:util';
import type { RedisArgument, RedisReply } from '../../../src/connection/connection.js';
import { labelOf } from './labels.js';
import type { ModelRedis, Standing } from './model-redis.js';
import type { RealRedis } from './real-redis.js';

/** How far times of the two may be apart: the clock of the real one goes on. Longer stops void what was seen. */
const TOLERANCE = 50;
/** Smaller numbers in answers are counts. */
const LEAST_TIME = 1_000;

/** Gives what is there the time that it has left in the model, ARGV[1], and removes what has gone there. Answers the time. */
const WAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local there = {}
for _, one in ipairs(cjson.decode(ARGV[1])) do
  there[one.key] = true
  if one.left > 0 then redis.call('PEXPIRE', one.key, one.left) end
  for _, token in ipairs(one.tokens) do
    redis.call('ZADD', one.key, 'XX', string.format('%.0f', now + token[2]), token[1])
  end
end
for _, key in ipairs(redis.call('KEYS', ARGV[2])) do
  if not there[key] then redis.call('DEL', key) end
end
return now`;

/** Answers the time and all that is there, and lets none of it expire. */
const REST = `
local held = {}
for at, key in ipairs(redis.call('KEYS', ARGV[1])) do
  local isText = redis.call('TYPE', key).ok == 'string'
  local value = isText and redis.call('GET', key) or redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  held[at] = { key, redis.call('PTTL', key), value }
  redis.call('PERSIST', key)
end
local time = redis.call('TIME')
return { time[1] * 1000 + math.floor(time[2] / 1000), held }`;

/**
 * A real Redis that is given the same commands as a model of it, one at a time, and whose time is the model's. After each of
 * them, both must have answered the same, hold the same, and have told the same to those who track keys.
 */
export class TwinRedis {
  readonly #model: ModelRedis;
  readonly #real: RealRedis;
  readonly #keys: string;
  #difference: string | undefined;
  #stopped = false;

  /** `keys` is a glob of all keys that will be there. */
  constructor(model: ModelRedis, real: RealRedis, keys: string) {
    this.#model = model;
    this.#real = real;
    this.#keys = keys;
  }

  /** How the two differed, the first time that they did. */
  get difference(): string | undefined {
    return this.#difference;
  }

  /** Whether the real one was kept from running for a while, or from telling: what it did then says nothing. */
  get stopped(): boolean {
    return this.#stopped || this.#real.lost;
  }

  /** Runs a command on both, and gives what the real one has answered. */
  async run(args: readonly RedisArgument[]): Promise<RedisReply | Error> {
    const before = await this.#real.sendAndHear(['EVAL', WAKE, '0', this.#state(), this.#keys]);
    const { reply, told } = await this.#real.sendAndHear(args);
    const after = (await this.#real.send(['EVAL', REST, '0', this.#keys])) as [number, RedisReply[]];
    const expected = this.#runModel(args);
    const [now, held] = after;
    if (now - (before.reply as number) > TOLERANCE) this.#stopped = true;
    if (this.stopped) return reply;
    this.#compare(args, 'answers', textOf(reply), textOf(expected.reply), LEAST_TIME);
    const there = new Map(held.map((one) => standing(one, now)));
    for (const [key, state] of this.#standing()) {
      this.#compare(args, `holds under ${key}`, there.get(key), state);
      there.delete(key);
    }
    this.#compare(args, 'holds besides', [...there.keys()], []);
    this.#compare(args, 'tells of', told.toSorted(), expected.told.toSorted());
    return reply;
  }

  #runModel(args: readonly RedisArgument[]): { reply: RedisReply | Error; told: readonly string[] } {
    const told = new Set<string>();
    const untrack = this.#model.track((key) => this.#real.tells(key) && told.add(key));
    const reply = this.#model.run(args);
    untrack();
    return { reply, told: [...told] };
  }

  /** Numbers from `times` on are times. */
  #compare(
    args: readonly RedisArgument[],
    what: string,
    real: unknown,
    model: unknown,
    times = -Infinity,
  ): void {
    if (isDeepStrictEqual(real, near(model, real, times))) return;
    const text = `Redis ${what} ${JSON.stringify(real)}, the model ${JSON.stringify(model)}`;
    this.#difference ??= `${labelOf(args)}: ${text}`;
  }

  #state(): string {
    const now = this.#model.clock.now();
    return JSON.stringify(
      this.#model.held().map(({ key, value, left }) => ({
        key,
        // Redis takes whole milliseconds only.
        left: Math.round(left),
        tokens:
          value instanceof Map ? [...value].map(([token, ends]) => [token, Math.round(ends - now)]) : [],
      })),
    );
  }

  #standing(): (readonly [key: string, state: readonly unknown[]])[] {
    const now = this.#model.clock.now();
    const valueOf = (value: Standing['value']): unknown =>
      value instanceof Map
        ? [...value].map(([token, ends]) => [token, ends - now]).toSorted(byKey)
        : value.toString('latin1');
    return this.#model.held().map(({ key, left, value }) => [key, [leftOf(left), valueOf(value)]]);
  }
}

/** What `REST` says of a key. */
function standing(reply: RedisReply, now: number): readonly [key: string, state: readonly unknown[]] {
  const [key, left, value] = reply as [Buffer, number, Buffer | Buffer[]];
  if (Buffer.isBuffer(value)) return [String(key), [leftOf(left), value.toString('latin1')]];
  const tokens = value.flatMap((token, at) =>
    at % 2 === 0 ? [[String(token), Number(String(value[at + 1])) - now]] : [],
  );
  return [String(key), [leftOf(left), tokens.toSorted(byKey)]];
}

/** What `PTTL` answers, with a text where it is no time. */
function leftOf(pttl: number): number | 'for ever' {
  return pttl === -1 ? 'for ever' : pttl;
}

function byKey(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a[0]) < String(b[0]) ? -1 : 1;
}

/** A reply with its strings as text; of an error, its kind. */
function textOf(reply: RedisReply | Error): unknown {
  if (reply instanceof Error) return { error: reply.message.split(' ', 1)[0] };
  if (Array.isArray(reply)) return reply.map(textOf);
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : reply;
}

/** `model`, with the times of `real` where they are hardly apart. Numbers from `times` on are times. */
function near(model: unknown, real: unknown, times: number): unknown {
  if (Array.isArray(model) && Array.isArray(real)) return model.map((one, at) => near(one, real[at], times));
  const areTimes = typeof model === 'number' && typeof real === 'number' && model >= times;
  return areTimes && Math.abs(model - real) <= TOLERANCE ? real : model;
}
