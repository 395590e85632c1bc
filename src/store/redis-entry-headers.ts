import { headerLength, headerLengthOf } from '../codec/envelope.js';
import type { RedisCommand, RedisReply } from '../connection/connection.js';
import type { RedisEntries, ValidEntry } from './redis-entries.js';

/** As many bytes of tags as are asked for at first. */
const TAG_BYTES = 150;

/** The headers of entries, and what `extras` answered. */
export interface ReadHeaders {
  /** The valid ones, in the order of the keys. */
  readonly entries: readonly (ValidEntry | undefined)[];
  readonly extras: readonly RedisReply[];
}

/** Reads the headers of entries without their values, and runs more commands with that. One round trip, as for a whole entry. */
export async function readHeaders(
  entries: RedisEntries,
  keys: readonly string[],
  extras: readonly RedisCommand[] = [],
): Promise<ReadHeaders> {
  const { generations, shared } = entries;
  const most = headerLength(generations.keys.length) + TAG_BYTES;
  const [first, ...rest] = (
    await shared.connection.pipeline([
      generations.read(),
      ...keys.map((key) => headerCommand(key, most)),
      ...extras,
    ])
  ).map(valueOf);
  const headers = rest.slice(0, keys.length);
  await completeHeaders(entries, keys, headers, most);
  return {
    entries: await entries.judge({
      keys,
      replies: headers,
      start: 0,
      generations: generations.learn(first as readonly RedisReply[]),
      quiet: true,
    }),
    extras: rest.slice(keys.length),
  };
}

/** Reads headers once more that are longer than what was read of them. */
async function completeHeaders(
  { shared }: RedisEntries,
  keys: readonly string[],
  headers: RedisReply[],
  read: number,
): Promise<void> {
  const cut = [...headers.entries()].flatMap(([index, header]) => {
    const length = Buffer.isBuffer(header) ? headerLengthOf(header) : undefined;
    return length !== undefined && length > read ? [{ index, length }] : [];
  });
  if (cut.length === 0) return;
  const commands = cut.map(({ index, length }) => headerCommand(keys[index] as string, length));
  const replies = await shared.connection.pipeline(commands);
  for (const [at, { index }] of cut.entries()) headers[index] = valueOf(replies[at] as RedisReply | Error);
}

function headerCommand(key: string, length: number): RedisCommand {
  return { key, args: ['GETRANGE', key, '0', String(length - 1)] };
}

/** A key of another type has no header. */
function valueOf(reply: RedisReply | Error): RedisReply {
  if (!(reply instanceof Error)) return reply;
  if (reply.message.startsWith('WRONGTYPE')) return null;
  throw reply;
}
