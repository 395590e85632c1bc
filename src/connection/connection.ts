/** A part of a command. Strings are sent as UTF-8. */
export type RedisArgument = string | Buffer;

/**
 * A reply as it came: bulk and simple strings as `Buffer`, integers as `number`, nil as `null`, arrays as arrays.
 */
export type RedisReply = Buffer | number | null | readonly RedisReply[];

/** One command. `key` is the first key it touches, by which a cluster routes it. */
export interface RedisCommand {
  readonly key: RedisArgument;
  readonly args: readonly RedisArgument[];
}

/** A Lua script, sent by its SHA-1 and, where the server does not know it yet, by its text. */
export interface RedisScript {
  readonly source: string;
  readonly sha1: string;
}

/**
 * A way to one Redis deployment, whatever its topology. Keeps itself connected, and answers every call within the
 * deadline: a call that cannot be answered is rejected with `RedisUnavailableError`, at once while the breaker is open.
 */
export interface RedisConnection {
  readonly name: string;
  /** Whether calls are sent now. While false, every call is rejected without being sent. */
  readonly available: boolean;
  /**
   * Sends one command. One round trip.
   *
   * @throws RedisUnavailableError when it was not sent, or not answered within the deadline (it may still take effect).
   * @throws Error the server's error reply (`OOM …`, `WRONGTYPE …`), its message unchanged.
   */
  request(command: RedisCommand): Promise<RedisReply>;
  /**
   * Sends commands together, in order, in one round trip (one per node on a cluster). An error reply stands as an
   * `Error` in its command's place.
   *
   * @throws RedisUnavailableError when the batch was not sent, or not wholly answered within its deadline.
   */
  pipeline(commands: readonly RedisCommand[]): Promise<(RedisReply | Error)[]>;
  /** Runs a script. One round trip, two where the server has not seen the script yet. Throws as `request` does. */
  evaluate(
    script: RedisScript,
    keys: readonly RedisArgument[],
    args: readonly RedisArgument[],
  ): Promise<RedisReply>;
  /**
   * Walks the keys that match a glob by SCAN, in batches as the server gives them; a key may come twice. Never KEYS.
   * Each step has the deadline of its own.
   */
  scan(glob: string): AsyncIterable<readonly Buffer[]>;
}
