import type {
  RedisArgument,
  RedisConnection,
  RedisReply,
  RedisScript,
} from '../../../src/connection/connection.js';

/** A call that was not sent yet. */
export interface HeldCall {
  /** Sends it, and waits for what comes of it. */
  release(): Promise<void>;
  /** Answers it without sending it. */
  fail(error: Error): void;
  /** Sends it, and fails it when it is done: its answer is lost. */
  lose(error: Error): Promise<void>;
  /** It is never sent: its process has ended. */
  readonly script: RedisScript | undefined;
}

type Matcher = (keys: readonly string[], script: RedisScript | undefined) => boolean;

/** A connection of one process, of which a test holds back the call that it wants to have others come before. */
export function heldConnection(connection: RedisConnection): {
  readonly connection: RedisConnection;
  /** Holds back the next call whose keys, or commands, match. Resolves when it is made. */
  hold(matches: Matcher): Promise<HeldCall>;
} {
  const waiting: { readonly matches: Matcher; readonly take: (call: HeldCall) => void }[] = [];
  const send = <T>(
    keys: readonly string[],
    script: RedisScript | undefined,
    work: () => Promise<T>,
  ): Promise<T> => {
    const at = waiting.findIndex(({ matches }) => matches(keys, script));
    const [found] = at < 0 ? [] : waiting.splice(at, 1);
    if (found === undefined) return work();
    return new Promise<T>((resolve, reject) => {
      found.take({
        script,
        fail: reject,
        async lose(error) {
          await work();
          reject(error);
        },
        async release() {
          const sent = work();
          sent.then(resolve, reject);
          await sent.then(
            () => undefined,
            () => undefined,
          );
        },
      });
    });
  };
  const held: RedisConnection = {
    name: connection.name,
    deadline: connection.deadline,
    get available() {
      return connection.available;
    },
    changes: connection.changes,
    now: () => connection.now(),
    onUp: (listener) => connection.onUp(listener),
    request: (command) => send([textOf(command.key)], undefined, () => connection.request(command)),
    pipeline: (commands) =>
      send<(RedisReply | Error)[]>(
        commands.map(({ key }) => textOf(key)),
        undefined,
        () => connection.pipeline(commands),
      ),
    evaluate: (script, keys, args) =>
      send<RedisReply>(keys.map(textOf), script, () => connection.evaluate(script, keys, args)),
    scan: (glob) => connection.scan(glob),
  };
  return {
    connection: held,
    hold: (matches) => new Promise((take) => void waiting.push({ matches, take })),
  };
}

function textOf(key: RedisArgument): string {
  return key.toString();
}
