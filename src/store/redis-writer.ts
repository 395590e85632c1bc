import type { EncodedValue } from '../codec/codec.js';
import type { TagVersion } from '../codec/envelope.js';
import type { RedisArgument, RedisReply } from '../connection/connection.js';
import type { RedisEntries } from './redis-entries.js';
import { underGenerations } from './redis-generations.js';
import { runPipeline, scriptCommand } from './redis-pipeline.js';
import { WRITE } from './redis-scripts.js';

/** An encoded value on its way to a Redis key. */
export interface EntryWrite {
  readonly key: string;
  readonly encoded: EncodedValue;
  readonly ttl: number | null;
  /** Milliseconds for which it is kept on when it is stale. */
  readonly grace: number;
  readonly tags: readonly TagVersion[];
  /** Asked before each time it is sent; absent = it is wanted. */
  readonly wanted: (() => boolean) | undefined;
}

/** Writes that were not done: `false` = a barrier stands, or the server's error. */
type Undone = Map<EntryWrite, false | Error>;

interface Waiting {
  readonly writes: readonly EntryWrite[];
  readonly resolve: (written: boolean[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Writes of one pipeline, and of one script: a longer one would keep other clients of the server waiting. */
const SCRIPT_WRITES = 128;
/** From so many writes on, callers of one turn are not put together: while Redis does some, the next are made. */
const GROUP_WRITES = 16;
/** From so many bytes on, a script takes no further write, for the same reason. */
const SCRIPT_BYTES = 1024 * 1024;
/** Its continuations run at the end of this turn, as those of `queueMicrotask`, which makes an object for each. */
const THIS_TURN = Promise.resolve();

/**
 * Writes the entries of one key space. All writes of one turn of the event loop go out at its end, some of them together.
 *
 * They carry the generations that are known, and the current ones are read behind them in the same pipeline. If those
 * differ, the cache was cleared before: what was written is invalid, and is written again.
 */
export class RedisWriter {
  readonly #entries: RedisEntries;
  readonly #flush = (): void => this.flush();
  #waiting: Waiting[] = [];

  constructor(entries: RedisEntries) {
    this.#entries = entries;
  }

  /**
   * Writes entries and says which of them were: neither outdated nor under a barrier. One round trip per 128 writes of this
   * turn, one more where the generations are not known yet.
   *
   * @throws Error the server's, if it refuses one of them; the others may be written
   */
  write(writes: readonly EntryWrite[]): Promise<boolean[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ writes, resolve, reject }) === 1) void THIS_TURN.then(this.#flush);
    });
  }

  /** Sends what waits for the end of this turn, so that a command that is sent now comes after it. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    let group: Waiting[] = [];
    let size = 0;
    for (const one of waiting) {
      group.push(one);
      size += one.writes.length;
      if (size < GROUP_WRITES) continue;
      void this.#writeGroup(group);
      group = [];
      size = 0;
    }
    if (group.length > 0) void this.#writeGroup(group);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const writes = group.length === 1 ? (group[0] as Waiting).writes : group.flatMap((one) => one.writes);
    try {
      const undone: Undone = new Map();
      for (let at = 0; at < writes.length; at += SCRIPT_WRITES) {
        const part = writes.length <= SCRIPT_WRITES ? writes : writes.slice(at, at + SCRIPT_WRITES);
        await this.#writeTogether(part, undone);
      }
      for (const { writes: own, resolve, reject } of group) {
        const failed = undone.size === 0 ? undefined : own.find((one) => undone.get(one) instanceof Error);
        if (failed !== undefined) reject(undone.get(failed));
        else resolve(own.map((one) => isWanted(one) && undone.get(one) !== false));
      }
    } catch (error) {
      for (const one of group) one.reject(error);
    }
  }

  /** Adds to `undone` what Redis has refused. */
  #writeTogether(all: readonly EntryWrite[], undone: Undone): Promise<unknown> {
    const { generations, shared } = this.#entries;
    return underGenerations(shared.connection, generations, async (known, last) => {
      const writes = all.every(isWanted) ? all : all.filter(isWanted);
      if (writes.length === 0) return { result: undefined };
      const parts = scriptsOf(writes);
      const replies = await runPipeline(shared.connection, [
        ...parts.map((part) => scriptCommand(WRITE, this.#keysOf(part), this.#argsOf(part, known))),
        generations.read(),
      ]);
      const changed = generations.learnFrom(replies.at(-1)) !== known;
      // Cleared each time, so at least once since the write was called: it counts as written before that.
      if (changed && !last) return undefined;
      for (const [at, part] of parts.entries()) {
        for (const [index, one] of part.entries()) {
          const outcome = outcomeOf(replies[at], index);
          if (outcome !== true) undone.set(one, outcome);
        }
      }
      return { result: undefined };
    });
  }

  #keysOf(writes: readonly EntryWrite[]): string[] {
    const { space } = this.#entries;
    const keys: string[] = [];
    for (const { key } of writes) keys.push(key);
    for (const { key } of writes) keys.push(space.leaseKey(key));
    for (const { key } of writes) keys.push(space.barrierKey(key));
    return keys;
  }

  #argsOf(writes: readonly EntryWrite[], generations: string): RedisArgument[] {
    const args: RedisArgument[] = [...this.#entries.voice()];
    for (const { encoded, ttl, grace, tags } of writes) {
      args.push(this.#entries.seal(encoded, ttl, generations, tags), lifetime(ttl, grace));
    }
    return args;
  }
}

/** A time to live for a script: empty = none. */
export function lifetime(ttl: number | null, grace = 0): string {
  return ttl === null ? '' : String(ttl + grace);
}

/** The writes of each script: all in one, unless they are large. */
function scriptsOf(writes: readonly EntryWrite[]): readonly (readonly EntryWrite[])[] {
  const parts: (readonly EntryWrite[])[] = [];
  let start = 0;
  let bytes = 0;
  for (let at = 0; at < writes.length; at++) {
    bytes += (writes[at] as EntryWrite).encoded.payload.length;
    if (bytes < SCRIPT_BYTES || at + 1 === writes.length) continue;
    parts.push(writes.slice(start, at + 1));
    start = at + 1;
    bytes = 0;
  }
  parts.push(start === 0 ? writes : writes.slice(start));
  return parts;
}

function isWanted({ wanted }: EntryWrite): boolean {
  return wanted === undefined || wanted();
}

function outcomeOf(answer: RedisReply | Error | undefined, index: number): boolean | Error {
  if (answer instanceof Error) return answer;
  const one = (answer as readonly RedisReply[])[index];
  return Buffer.isBuffer(one) ? serverError(one) : one === 1;
}

/** The error that a script has caught. Redis 6 puts the place in the script in front of it. */
export function serverError(text: Buffer): Error {
  return new Error(
    text
      .toString()
      .replace(/^@\S+: \d+: /, '')
      .replace(/^-/, ''),
  );
}
