import { connect, type Socket } from 'node:net';

/** A reply as the server sent it: strings as bytes, nil as `null`. An error inside an array stands in its place. */
export type RawReply = Buffer | number | null | Error | RawReply[];

/** A reply with its strings read as UTF-8. */
export type Reply = string | number | null | Error | Reply[];

/**
 * The plainest Redis client (RESP2, one socket), so that tests can look into a server without the library under test.
 * Commands are answered in order. A lost connection rejects what is waiting.
 */
export class RespClient {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (reply: RawReply) => void; reject: (error: Error) => void }[] = [];
  #input: Buffer = Buffer.alloc(0);
  #lost: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('error', (error) => this.#lose(error));
    socket.on('close', () => this.#lose(new Error('The connection to redis-server is closed.')));
  }

  /** Connects to a unix socket or a port of 127.0.0.1. Does not keep the process alive. */
  static async open(address: string | number): Promise<RespClient> {
    const socket = typeof address === 'string' ? connect(address) : connect(address, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.unref();
    return new RespClient(socket);
  }

  get open(): boolean {
    return this.#lost === undefined;
  }

  /** Sends one command. An error reply rejects with its message. */
  async send(args: readonly (string | number | Buffer)[]): Promise<RawReply> {
    if (this.#lost) throw this.#lost;
    const parts = args.map((arg) => (Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg))));
    const bytes: Buffer[] = [Buffer.from(`*${parts.length}\r\n`)];
    for (const part of parts) bytes.push(Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n'));
    // An idle connection must not keep a test's process alive; one that waits for a reply must.
    this.#socket.ref();
    this.#socket.write(Buffer.concat(bytes));
    const reply = await new Promise<RawReply>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (reply instanceof Error) throw reply;
    return reply;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.#input = Buffer.concat([this.#input, bytes]);
    for (let parsed = parseReply(this.#input, 0); parsed; parsed = parseReply(this.#input, 0)) {
      this.#input = this.#input.subarray(parsed.end);
      this.#waiting.shift()?.resolve(parsed.reply);
    }
    if (this.#waiting.length === 0) this.#socket.unref();
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    for (const one of this.#waiting.splice(0)) one.reject(this.#lost);
  }
}

/** Reads one reply at `start`; undefined when it is not complete yet. */
function parseReply(input: Buffer, start: number): { reply: RawReply; end: number } | undefined {
  const lineEnd = input.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const line = input.toString('utf8', start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(input[start] ?? 0)) {
    case '+':
      return { reply: Buffer.from(line), end };
    case '-':
      return { reply: new Error(line), end };
    case ':':
      return { reply: Number(line), end };
    case '$':
      return parseBulk(input, end, Number(line));
    case '*':
      return parseArray(input, end, Number(line));
    default:
      throw new Error(`Not a RESP2 reply: ${JSON.stringify(line)}`);
  }
}

/** The reply with every byte string read as UTF-8. */
export function readable(reply: RawReply): Reply {
  if (Array.isArray(reply)) return reply.map(readable);
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : reply;
}

function parseBulk(
  input: Buffer,
  start: number,
  length: number,
): { reply: RawReply; end: number } | undefined {
  if (length < 0) return { reply: null, end: start };
  const end = start + length + 2;
  if (input.length < end) return undefined;
  return { reply: Buffer.from(input.subarray(start, start + length)), end };
}

function parseArray(
  input: Buffer,
  start: number,
  length: number,
): { reply: RawReply; end: number } | undefined {
  if (length < 0) return { reply: null, end: start };
  const items: RawReply[] = [];
  let end = start;
  for (let index = 0; index < length; index += 1) {
    const item = parseReply(input, end);
    if (!item) return undefined;
    items.push(item.reply);
    end = item.end;
  }
  return { reply: items, end };
}
