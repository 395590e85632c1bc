import { randomBytes } from 'node:crypto';

/*
 * What writers publish where Redis lets nobody track keys. This is the only file that knows the format:
 *
 *   <origin>:<number>            who speaks, and how many messages it has sent: a number that is left out is a message lost
 *   :<length>:<key>              for each Redis key that was changed, none included; the length in bytes, the key any bytes
 *
 * Unlike tracking it tells of writes and removals by this library only: not of keys that expire or are evicted, nor of
 * those that others change.
 */

/** The topic on which changes are told. A user with restricted channels needs `&nestjs-redis-cache:changes`. */
export const CHANGE_TOPIC = 'nestjs-redis-cache:changes';

/**
 * Lua for the beginning of a script that changes keys. It defines `tell(topic, message, keys)`, which tells everybody of
 * an array of keys; topic and message are those of a channel's voice. Nothing happens where the topic is empty, or where
 * it is not permitted.
 */
export const TELL_LUA = `local function tell(topic, message, keys)
  if topic == '' then return end
  for _, key in ipairs(keys) do message = message .. ':' .. #key .. ':' .. key end
  redis.pcall('PUBLISH', topic, message)
end
`;

/** Begins the messages of one process: each has a number of its own, in the order in which they were asked for. */
export class Voice {
  readonly #origin = randomBytes(8).toString('base64url');
  readonly #silent: () => boolean;
  #number = 0;

  /** `silent` = nobody needs to be told, for now. */
  constructor(silent: () => boolean) {
    this.#silent = silent;
  }

  /** Where to publish; empty = nothing is to be published. */
  get topic(): string {
    return this.#silent() ? '' : CHANGE_TOPIC;
  }

  /** The beginning of the next message, to which the keys are added. Empty while nothing is to be published. */
  next(): string {
    return this.#silent() ? '' : `${this.#origin}:${++this.#number}`;
  }
}

const COLON = 0x3a;
const MOST_ORIGINS = 10_000;

/** Reads the messages of all origins, and notices where one is missing. */
export class MessageReader {
  readonly #numbers = new Map<string, number>();

  /** Forgets what was heard: the next message of an origin is taken as the first. */
  begin(): void {
    this.#numbers.clear();
  }

  /**
   * The keys that a message tells of. `undefined` when messages before it were lost, or when it cannot be read: any key may
   * have changed then. A message that comes late, because its script had to be sent twice, is read like any other, and an
   * empty one says nothing.
   */
  read(message: Buffer): readonly string[] | undefined {
    if (message.length === 0) return [];
    const origin = partAt(message, 0);
    const number = partAt(message, origin.end);
    const count = Number(number.text);
    if (origin.text === '' || !Number.isSafeInteger(count) || count < 1) return undefined;
    return this.#follows(origin.text, count) ? keysAt(message, number.end) : undefined;
  }

  #follows(origin: string, count: number): boolean {
    const last = this.#numbers.get(origin);
    if (last !== undefined && count <= last) return true;
    // Origins are as many as processes have been. One that is forgotten begins anew.
    if (last === undefined && this.#numbers.size >= MOST_ORIGINS) this.#numbers.clear();
    this.#numbers.set(origin, count);
    return last === undefined || count === last + 1;
  }
}

function keysAt(message: Buffer, start: number): readonly string[] | undefined {
  const keys: string[] = [];
  for (let at = start; at < message.length;) {
    const length = partAt(message, at);
    const end = length.end + Number(length.text);
    if (length.text === '' || !(end <= message.length)) return undefined;
    keys.push(message.toString('utf8', length.end, end));
    at = end + 1;
  }
  return keys;
}

/** The text up to the next colon, and where the next part begins. */
function partAt(message: Buffer, start: number): { readonly text: string; readonly end: number } {
  const colon = message.indexOf(COLON, start);
  const end = colon < 0 ? message.length : colon;
  return { text: message.toString('latin1', start, end), end: end + 1 };
}
