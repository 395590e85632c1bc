import type {
  RedisArgument,
  RedisCommand,
  RedisConnection,
  RedisReply,
  RedisScript,
} from '../connection/connection.js';

/** A command that runs a script. */
export interface ScriptCommand extends RedisCommand {
  readonly script: RedisScript;
}

/** The command that runs a script by its SHA-1. The first of the keys says where it runs. */
export function scriptCommand(
  script: RedisScript,
  keys: readonly RedisArgument[],
  args: readonly RedisArgument[],
): ScriptCommand {
  return {
    script,
    key: keys[0] as RedisArgument,
    args: ['EVALSHA', script.sha1, String(keys.length), ...keys, ...args],
  };
}

/**
 * Sends commands together, scripts among them. Where the server does not know a script yet, it is sent again by its text
 * with all that stood behind the first such script and is no script: reads that have to come after it. One round trip, two
 * then. Throws as `RedisConnection.pipeline` does.
 */
export async function runPipeline(
  connection: RedisConnection,
  commands: readonly (RedisCommand | ScriptCommand)[],
): Promise<(RedisReply | Error)[]> {
  const replies = await connection.pipeline(commands);
  const first = replies.findIndex(isUnknownScript);
  if (first < 0) return replies;
  const again = new Map<number, RedisCommand>();
  for (let at = first; at < commands.length; at++) {
    const command = commands[at] as RedisCommand | ScriptCommand;
    if (!('script' in command)) again.set(at, command);
    else if (isUnknownScript(replies[at])) again.set(at, byText(command));
  }
  const later = await connection.pipeline([...again.values()]);
  let next = 0;
  for (const at of again.keys()) replies[at] = later[next++] as RedisReply | Error;
  return replies;
}

function byText({ key, script, args }: ScriptCommand): RedisCommand {
  return { key, args: ['EVAL', script.source, ...args.slice(2)] };
}

function isUnknownScript(reply: RedisReply | Error | undefined): boolean {
  return reply instanceof Error && reply.message.startsWith('NOSCRIPT');
}
