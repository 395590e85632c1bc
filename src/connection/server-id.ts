import { SEND_OPTIONS, type CommandClient } from './client.js';

const RUN_ID = /^run_id:(\S+)/m;

/** What tells one server from another, and from itself before a restart, in the reply to `INFO server`. */
export function runIdIn(reply: unknown): string | undefined {
  return RUN_ID.exec(String(reply))?.[1];
}

/** Which server the socket of a client leads to. */
export class ServerId {
  readonly #client: CommandClient;
  readonly #learned: () => void;
  #current: string | undefined;
  #sockets = 0;

  /** `learned` is called when the client has a new socket, and it is known where it leads to. */
  constructor(client: CommandClient, learned: () => void) {
    this.#client = client;
    this.#learned = learned;
  }

  /** `undefined` while there is no socket, and where Redis does not tell. */
  get current(): string | undefined {
    return this.#current;
  }

  /** The client has a new socket. Asks where it leads to; the answer comes before that to any later command. */
  connected(): void {
    this.lost();
    const socket = this.#sockets;
    this.#client.sendCommand(['INFO', 'server'], SEND_OPTIONS).then(
      (reply) => {
        if (socket !== this.#sockets) return;
        this.#current = runIdIn(reply);
        this.#learned();
      },
      () => undefined,
    );
  }

  /** The socket is gone. */
  lost(): void {
    this.#sockets += 1;
    this.#current = undefined;
  }
}
