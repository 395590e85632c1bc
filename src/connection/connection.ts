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
  /** How long a call is waited for at least, in milliseconds, unless the connection is lost. */
  readonly deadline: number;
  /** Whether calls are sent now. While false, every call is rejected without being sent. */
  readonly available: boolean;
  /**
   * The time by the clock of Redis, milliseconds since the epoch, as this process has learned it: jumps of this machine's
   * wall clock do not move it. Before it is learned, and where `TIME` is not permitted, this machine's wall clock.
   */
  now(): number;
  /**
   * Calls `listener` each time that calls are sent again after they were not, until the returned function is called. Before
   * that, what the socket before had not delivered yet is made void where Redis permits it (`CLIENT KILL`): `voided` = no
   * call from before can take effect any more after those that are sent from now on.
   */
  onUp(listener: (voided: boolean) => void): () => void;
  /** Tells of what others change. Nothing is opened for it before somebody listens. */
  readonly changes: ChangeChannel;
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

/** Hears what a channel tells. */
export interface ChangeHearer {
  /** This Redis key was written, removed or has expired, by whomever. */
  changed(key: string): void;
  /** Any key may have changed. Told on every change of the channel's state, before it is trusted (again) too. */
  lost(): void;
}

/**
 * The invalidation channel: a connection of its own on which Redis tells which keys have changed, in the order in which
 * they did.
 */
export interface ChangeChannel {
  /** Another number after every change of the channel's state: what was begun under another one must not be remembered. */
  readonly epoch: number;
  /**
   * Until when what is remembered may be served, in the milliseconds of the monotonic clock: the channel is up, and its last
   * answered ping was sent so lately that nothing can have been missed before. For those who read that clock anyway.
   */
  readonly trustedUntil: number;
  /** Whether what is remembered may be served at this moment: `trustedUntil` is still to come. */
  readonly trusted: boolean;
  /**
   * Tells `hearer` of the keys that begin with one of `prefixes`, until the returned function is called. The prefixes of
   * different hearers must not overlap. Connects when the first one comes, and closes when the last one goes.
   */
  listen(prefixes: readonly string[], hearer: ChangeHearer): () => void;
  /**
   * Where Redis lets nobody track keys, writers have to tell by themselves: what a script that changes keys publishes, so
   * that processes in such a place hear of it. `next()` begins the next message of this process, to which the keys are
   * added (`TELL_LUA` of change-message.ts). Both are empty while Redis tells of all changes by itself: nothing is to be
   * published then. All processes that share keys must have the same rights.
   */
  readonly voice: { readonly topic: string; next(): string };
}
