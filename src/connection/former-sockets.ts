import { SEND_OPTIONS, type CommandClient } from './client.js';
import type { RedisCommand, RedisReply } from './connection.js';

/** What Redis knows a socket by. Numbers rise while a server lives, and begin anew with the next one. */
interface SocketId {
  readonly id: number;
  readonly address: string;
}

const INFO = /(?:^|\s)id=(\d+) addr=(\S+)/;
/** So many are remembered. Those after the first have carried no call while the connection has not come up. */
const MOST = 8;

/**
 * The sockets that a client has had before the present one. What was written to them may still be on its way, and would
 * take effect after what is written to the present one, unless Redis closes its end of them.
 */
export class FormerSockets {
  readonly #client: CommandClient;
  #present: SocketId | undefined;
  /** `undefined` = one that Redis has not told us the number of. */
  #former: readonly (SocketId | undefined)[] = [];
  #sockets = 0;

  constructor(client: CommandClient) {
    this.#client = client;
  }

  /** The client has a new socket. Asks by what Redis knows it; the answer comes before that to any later command. */
  connected(): void {
    if (this.#sockets > 0) this.#former = [...this.#former, this.#present].slice(0, MOST);
    this.#present = undefined;
    const socket = ++this.#sockets;
    this.#client.sendCommand(['CLIENT', 'INFO'], SEND_OPTIONS).then(
      (reply) => {
        if (socket === this.#sockets) this.#present = parse(reply);
      },
      () => undefined,
    );
  }

  /**
   * Has Redis close its end of all former sockets, and says whether it has: false where that is not permitted, and where it
   * was not answered. `send` sends commands over the present socket.
   */
  async close(
    send: (commands: readonly RedisCommand[]) => Promise<(RedisReply | Error)[]>,
  ): Promise<boolean> {
    const former = this.#former.filter((one) => one !== undefined);
    const allKnown = former.length === this.#former.length;
    if (former.length === 0) return allKnown;
    const present = this.#present;
    if (present === undefined) return false;
    // A server that has begun to count anew has no former sockets. Where it has counted beyond them since, other clients
    // may have their numbers, but not the addresses too.
    const commands = former
      .filter(({ id }) => id < present.id)
      .map((one) => ({ key: '', args: killing(one) }));
    const replies = await send(commands).catch((error: Error) => [error]);
    return allKnown && !replies.some((reply) => reply instanceof Error);
  }

  /** Whoever needs to know of the former sockets has been told. */
  forget(): void {
    this.#former = [];
  }
}

function killing({ id, address }: SocketId): string[] {
  return ['CLIENT', 'KILL', 'ID', String(id), 'ADDR', address];
}

function parse(reply: unknown): SocketId | undefined {
  const [, id, address] = INFO.exec(String(reply)) ?? [];
  return id === undefined || address === undefined ? undefined : { id: Number(id), address };
}
