import { FakeClock } from '../../../src/testing/fake-clock.js';
import type { RedisArgument, RedisReply } from '../../../src/connection/connection.js';
import type { ModelScript } from './model-script.js';
import { modelScripts, type ScriptTable } from './model-scripts.js';

/** What stands under a key: a string, or the tokens of a sorted set with their scores. */
type Value = Buffer | Map<string, number>;

interface Held {
  value: Value;
  /** By the model's clock; `Infinity` = never. */
  expires: number;
}

/** What stands under a key at some moment. */
export interface Standing {
  readonly key: string;
  readonly value: Value;
  /** Milliseconds; -1 = for ever. */
  readonly left: number;
}

/** Hears of a key that was written, removed or has expired; the numbers rise with each. */
type Hearer = (key: string, serial: number) => void;

/**
 * As much of Redis as the store sends: strings, sorted sets inside of scripts, expiry by a clock that a test moves, and our
 * own scripts, known by their text. Commands that it does not know are refused with an error that says so.
 */
export class ModelRedis {
  readonly clock: FakeClock;
  readonly #scripts: ScriptTable;
  readonly #known = new Map<string, ModelScript>();
  readonly #held = new Map<string, Held>();
  readonly #hearers = new Set<Hearer>();
  readonly #told = new Map<string, number>();
  #serial = 0;

  constructor(clock = new FakeClock(), scripts: ScriptTable = modelScripts) {
    this.clock = clock;
    this.#scripts = scripts;
  }

  /** The number of the last change. */
  get serial(): number {
    return this.#serial;
  }

  /** The number of the last change of a key that this begins with, or 0. */
  lastChange(start: string): number {
    return Math.max(
      0,
      ...[...this.#told].filter(([key]) => key.startsWith(start)).map(([, serial]) => serial),
    );
  }

  /** All keys that are there, in order. */
  keys(): string[] {
    this.#expire();
    return [...this.#held.keys()].toSorted();
  }

  /** All that is there, in the order of the keys; `left` as `pttl` says. */
  held(): Standing[] {
    return this.keys().map((key) => ({
      key,
      value: (this.#held.get(key) as Held).value,
      left: this.pttl(key),
    }));
  }

  /** Tells `hearer` of every change from now on, until the returned function is called. */
  track(hearer: Hearer): () => void {
    this.#hearers.add(hearer);
    return () => void this.#hearers.delete(hearer);
  }

  /** Runs one command. */
  run(args: readonly RedisArgument[]): RedisReply | Error {
    this.#expire();
    const [name, ...rest] = args;
    if (name === 'EVAL' || name === 'EVALSHA') return this.#evaluate(name, String(rest[0]), rest.slice(1));
    const [key = '', ...more] = rest.map(String);
    switch (name) {
      case 'GET':
        return this.get(key) ?? null;
      case 'MGET':
        return [key, ...more].map((one) => this.get(one) ?? null);
      case 'GETRANGE':
        return (this.get(key) ?? Buffer.alloc(0)).subarray(Number(more[0]), Number(more[1]) + 1);
      case 'EXISTS':
        return this.has(key) ? 1 : 0;
      case 'DEL':
      case 'UNLINK':
        return [key, ...more].filter((one) => this.remove(one)).length;
      case 'PTTL':
        return this.pttl(key);
      case 'PEXPIRE':
        return this.expireIn(key, Number(more[0])) ? 1 : 0;
      case 'TIME':
        return [Math.floor(this.clock.now() / 1_000), (this.clock.now() % 1_000) * 1_000].map((one) =>
          Buffer.from(String(one)),
        );
      case 'SET':
        return this.#set(key, rest[1] as RedisArgument, more.slice(1));
      default:
        return new Error(`ERR the model knows no command ${String(name)}`);
    }
  }

  get(key: string): Buffer | undefined {
    const value = this.#held.get(key)?.value;
    if (value instanceof Map) throw new Error(`WRONGTYPE ${key} is a sorted set`);
    return value;
  }

  /** The text of a string. */
  text(key: string): string | undefined {
    return this.get(key)?.toString('latin1');
  }

  has(key: string): boolean {
    return this.#held.has(key);
  }

  /** Writes a string. `life` in milliseconds; `undefined` = it never expires. */
  put(key: string, value: RedisArgument, life?: number): void {
    const expires = life === undefined ? Infinity : this.clock.now() + life;
    this.#held.set(key, { value: Buffer.from(value as string), expires });
    this.#tell(key);
  }

  /** Writes a part of a string that is there. */
  patch(key: string, at: number, bytes: RedisArgument): void {
    const value = this.get(key);
    const held = this.#held.get(key);
    if (value === undefined || held === undefined) return;
    const part = Buffer.from(bytes as string);
    held.value = Buffer.concat([value.subarray(0, at), part, value.subarray(at + part.length)]);
    this.#tell(key);
  }

  /** Says whether it was there. */
  remove(key: string): boolean {
    if (!this.#held.delete(key)) return false;
    this.#tell(key);
    return true;
  }

  /** Milliseconds left; -1 = for ever, -2 = not there. */
  pttl(key: string): number {
    const expires = this.#held.get(key)?.expires;
    if (expires === undefined) return -2;
    return expires === Infinity ? -1 : expires - this.clock.now();
  }

  /** Says whether it was there. `Infinity` = it never expires. */
  expireIn(key: string, life: number): boolean {
    const held = this.#held.get(key);
    if (held === undefined) return false;
    held.expires = this.clock.now() + life;
    this.#tell(key);
    this.#expire();
    return true;
  }

  /** The sorted set under a key, made where there is none. One that is left empty is removed by `settleScores`. */
  scores(key: string): Map<string, number> {
    const held = this.#held.get(key) ?? { value: new Map<string, number>(), expires: Infinity };
    if (!(held.value instanceof Map)) throw new Error(`WRONGTYPE ${key} is a string`);
    this.#held.set(key, held);
    return held.value;
  }

  /** Removes a sorted set that is empty. */
  settleScores(key: string): void {
    if (this.scores(key).size === 0) this.#held.delete(key);
  }

  #set(key: string, value: RedisArgument, options: readonly string[]): Buffer | null {
    if (options.includes('NX') && this.has(key)) return null;
    const at = options.indexOf('PX');
    const kept = options.includes('KEEPTTL') ? this.pttl(key) : -1;
    const life = at >= 0 ? Number(options[at + 1]) : kept < 0 ? undefined : kept;
    this.put(key, value, life);
    return Buffer.from('OK');
  }

  #evaluate(name: 'EVAL' | 'EVALSHA', what: string, rest: readonly RedisArgument[]): RedisReply | Error {
    const of = name === 'EVAL' ? this.#scripts.bySource.get(what) : this.#known.get(what);
    if (of === undefined) {
      return new Error(
        name === 'EVAL' ? 'ERR the model knows no such script' : 'NOSCRIPT No matching script.',
      );
    }
    if (name === 'EVAL') this.#known.set(this.#scripts.sha1.get(what) as string, of);
    const count = Number(rest[0]);
    return of(this, rest.slice(1, 1 + count).map(String), rest.slice(1 + count));
  }

  #expire(): void {
    const now = this.clock.now();
    for (const [key, { expires }] of this.#held) if (expires <= now) this.remove(key);
  }

  #tell(key: string): void {
    this.#serial += 1;
    this.#told.set(key, this.#serial);
    for (const hearer of this.#hearers) hearer(key, this.#serial);
  }
}
