import type { RedisArgument, RedisReply } from '../../../src/connection/connection.js';
import {
  ADOPT_TAGS,
  BARRED,
  BUMP_TAGS,
  CREATE_TAGS,
  LENGTHEN_TAGS,
} from '../../../src/store/redis-tag-scripts.js';
import type { ModelRedis } from './model-redis.js';
import type { ModelScript, Scripts } from './model-script.js';

/** What the scripts of tags are given: the sequence, tags and their barriers; a new version, a new nonce, the least life. */
export class TagCall {
  readonly redis: ModelRedis;
  readonly version: string;
  readonly #keys: readonly string[];
  readonly #nonce: string;
  readonly #least: string;

  constructor(redis: ModelRedis, keys: readonly string[], args: readonly RedisArgument[]) {
    const [version, nonce, least] = args.slice(2).map(String);
    this.redis = redis;
    this.#keys = keys;
    this.version = String(version);
    this.#nonce = String(nonce);
    this.#least = String(least);
  }

  get #count(): number {
    return (this.#keys.length - 1) / 2;
  }

  get tags(): readonly string[] {
    return this.#keys.slice(1, 1 + this.#count);
  }

  barrierOf(at: number): string {
    return this.#keys[1 + this.#count + at] as string;
  }

  get sequence(): string | undefined {
    return this.redis.text(this.#keys[0] as string);
  }

  set sequence(value: string) {
    this.redis.put(this.#keys[0] as string, value);
  }

  /** A sequence of a new nonce. */
  get first(): string {
    return `${this.#nonce}:0`;
  }

  /** What follows the sequence. */
  get raised(): string {
    const [nonce, counter] = this.sequence?.split(':') ?? [this.#nonce, '0'];
    return `${nonce}:${Number(counter) + 1}`;
  }

  put(at: number, value: string): void {
    this.redis.put(this.tags[at] as string, value, this.#least === '' ? undefined : Number(this.#least));
  }

  /** Never shortens its life. */
  change(at: number, value: string): void {
    const tag = this.tags[at] as string;
    const left = this.redis.pttl(tag);
    this.redis.put(tag, value, left === -1 ? undefined : Math.max(left, Number(this.#least)));
  }

  /** Lets it live for its least life, unless it lives for `life` anyway. */
  lengthen(at: number, life: string): void {
    const tag = this.tags[at] as string;
    const left = this.redis.pttl(tag);
    if (left >= 0 && this.#least === '') this.redis.expireIn(tag, Infinity);
    else if (left >= 0 && left < Number(life)) this.redis.expireIn(tag, Number(this.#least));
  }

  isBarred(at: number): boolean {
    return this.redis.has(this.barrierOf(at));
  }
}

/** A script of tags. */
export function ofTags(run: (call: TagCall, args: readonly string[]) => RedisReply): ModelScript {
  return (redis, keys, args) => run(new TagCall(redis, keys, args), args.slice(5).map(String));
}

const create = ofTags((call) => {
  call.sequence ??= call.first;
  const values = call.tags.map((tag, at) => {
    const value = call.redis.text(tag);
    if (call.isBarred(at)) return BARRED;
    if (value !== undefined && !value.startsWith(BARRED)) return value;
    if (value !== undefined) call.sequence = call.raised;
    const made = `${call.version}:${call.sequence}`;
    call.put(at, made);
    return made;
  });
  return [call.sequence, ...values].map((one) => Buffer.from(one));
});

const bump = ofTags((call) => {
  call.sequence = call.raised;
  for (const at of call.tags.keys()) {
    call.change(at, `${call.isBarred(at) ? BARRED : ''}${call.version}:${call.sequence}`);
  }
  return 1;
});

/** Whether a tag was not invalidated since the sequence was `began`. Raises the sequence for a barrier that was not lifted. */
function isOurs(call: TagCall, at: number, sequence: string, began: string): boolean {
  const tag = call.tags[at] as string;
  const value = call.redis.text(tag);
  if (call.isBarred(at)) return false;
  if (value === undefined) return sequence === began;
  if (value.startsWith(BARRED)) {
    call.redis.remove(tag);
    call.sequence = call.raised;
    return false;
  }
  const [, under, counter] = value.split(':');
  return under !== sequence.split(':')[0] || Number(counter) <= Number(began.split(':')[1]);
}

const adopt = ofTags((call, [began = '', life = '']) => {
  const { sequence } = call;
  if (sequence === undefined || sequence.split(':')[0] !== began.split(':')[0]) return 0;
  const ours = call.tags.map((_, at) => isOurs(call, at, sequence, began));
  if (ours.includes(false)) return 0;
  return call.tags.map((tag, at) => {
    if (call.redis.has(tag)) call.lengthen(at, life);
    else call.put(at, `${call.version}:${sequence}`);
    return call.redis.get(tag) as Buffer;
  });
});

/** Tags alone; the life they are to have at least, and the one they are given otherwise. */
const lengthen: ModelScript = (redis, keys, [least = '', given = '']) =>
  keys.map((tag) => {
    const left = redis.pttl(tag);
    if (left >= 0 && least === '') redis.expireIn(tag, Infinity);
    else if (left >= 0 && left < Number(least)) redis.expireIn(tag, Number(given));
    return redis.pttl(tag);
  });

/** The scripts of tags. */
export const tagScripts: Scripts = [
  [CREATE_TAGS, create],
  [BUMP_TAGS, bump],
  [ADOPT_TAGS, adopt],
  [LENGTHEN_TAGS, lengthen],
];
