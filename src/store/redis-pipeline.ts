import type {
  RedisArgument,
  RedisCommand,
  RedisConnection,
  RedisReply,
  RedisScript,
} from '../connection/connection.js';
import { knownScripts } from '../connection/script.js';

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
 * Sends commands together, scripts among them. Where the server has forgotten a script, it is sent again by its text with
 * all that stood behind the first such script and is no script: reads that have to come after it. One round trip, two then.
 * Throws as `RedisConnection.pipeline` does.
 */
export async function runPipeline(
  connection: RedisConnection,
  commands: readonly (RedisCommand | ScriptCommand)[],
): Promise<(RedisReply | Error)[]> {
  const known = knownScripts(connection);
  const isKnown = (one: RedisCommand | ScriptCommand): boolean => !('script' in one) || known.has(one.script);
  const replies = await (commands.every(isKnown)
    ? connection.pipeline(commands)
    : sendUnknown(connection, commands, known));
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

async function sendUnknown(
  connection: RedisConnection,
  commands: readonly (RedisCommand | ScriptCommand)[],
  known: Set<RedisScript>,
): Promise<(RedisReply | Error)[]> {
  const texts = commands.map((one) => ('script' in one && !known.has(one.script) ? byText(one) : one));
  const replies = await connection.pipeline(texts);
  for (const one of commands) if ('script' in one) known.add(one.script);
  return replies;
}

function byText({ key, script, args }: ScriptCommand): RedisCommand {
  return { key, args: ['EVAL', script.source, ...args.slice(2)] };
}

function isUnknownScript(reply: RedisReply | Error | undefined): boolean {
  return reply instanceof Error && reply.message.startsWith('NOSCRIPT');
}
