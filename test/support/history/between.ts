import type {
  ChangeChannel,
  RedisCommand,
  RedisReply,
  RedisScript,
} from '../../../src/connection/connection.js';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import { defineScript, evaluateScript } from '../../../src/connection/script.js';

/** An object in front of another one of its kind: what `own` has stands in the place of what that one has. */
export function inFrontOf<T extends object>(behind: T, own: Partial<T>): T {
  return new Proxy(behind, {
    get(target, name) {
      const value: unknown = name in own ? Reflect.get(own, name) : Reflect.get(target, name, target);
      return typeof value === 'function' && !(name in own) ? (value.bind(target) as unknown) : value;
    },
  });
}

/** A connection whose commands go another way: `send` is given those of each call and answers them, in order. */
function detour(
  behind: ManagedConnection,
  send: (commands: readonly RedisCommand[]) => Promise<(RedisReply | Error)[]>,
): ManagedConnection {
  const request = async (command: RedisCommand): Promise<RedisReply> => {
    const [reply] = await send([command]);
    if (reply instanceof Error) throw reply;
    return reply as RedisReply;
  };
  const requests = { request, onUp: behind.onUp.bind(behind) };
  return inFrontOf(behind, {
    request,
    pipeline: send,
    evaluate: (script, keys, args) => evaluateScript(requests, script, keys, args),
  });
}

/** A connection that sends another script in the place of `script`. */
export function withScript(
  behind: ManagedConnection,
  script: RedisScript,
  edit: (source: string) => string,
): ManagedConnection {
  const edited = defineScript(edit(script.source));
  if (edited.source === script.source) throw new Error('The edit of the script has changed nothing.');
  return detour(behind, (commands) => {
    const changed = commands.map(({ key, args }) => {
      const [name, what, ...rest] = args;
      const isIt =
        (name === 'EVALSHA' && what === script.sha1) || (name === 'EVAL' && what === script.source);
      return { key, args: isIt ? ['EVAL', edited.source, ...rest] : args };
    });
    return behind.pipeline(changed);
  });
}

/** A connection that answers commands itself where `answer` gives something. */
export function withAnswers(
  behind: ManagedConnection,
  answer: (args: RedisCommand['args']) => RedisReply | undefined,
): ManagedConnection {
  return detour(behind, async (commands) => {
    const replies = await behind.pipeline(commands);
    return replies.map((reply, index) => answer((commands[index] as RedisCommand).args) ?? reply);
  });
}

/** A connection whose channel is another one. */
export function withChannel(
  behind: ManagedConnection,
  channel: (behind: ChangeChannel) => Partial<ChangeChannel>,
): ManagedConnection {
  const changes = inFrontOf(behind.changes, channel(behind.changes));
  return inFrontOf(behind, { changes });
}

/** Holds replies back. */
export class Gate {
  #picks: ((args: RedisCommand['args']) => boolean) | undefined;
  #reached: () => void = () => undefined;
  #opened: Promise<void> = Promise.resolve();

  /** The connection whose replies it holds. */
  in(behind: ManagedConnection): ManagedConnection {
    return detour(behind, async (commands) => {
      const held = commands.some(({ args }) => this.#picks?.(args) === true);
      const replies = await behind.pipeline(commands);
      if (held) {
        this.#picks = undefined;
        this.#reached();
        await this.#opened;
      }
      return replies;
    });
  }

  /**
   * Holds the replies of the next call that has such a command. `reached` resolves when they are there, `open` lets them
   * through.
   */
  close(picks: (args: RedisCommand['args']) => boolean): { readonly reached: Promise<void>; open(): void } {
    const reached = new Promise<void>((resolve) => (this.#reached = resolve));
    let open!: () => void;
    this.#opened = new Promise((resolve) => (open = resolve));
    this.#picks = picks;
    return { reached, open };
  }
}

/** A signal that is given once. */
export function signal(): { readonly given: Promise<void>; give(): void } {
  let give!: () => void;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
}
