import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What a connection is for, as its first commands tell: to hear of changes, or for everything else. */
type Kind = 'data' | 'channel';
/** `up` = to the server. */
type Direction = 'up' | 'down';

interface Hold {
  readonly kinds: readonly Kind[];
  readonly directions: readonly Direction[];
}

/** What lies between nodes and Redis: it passes bytes on, and stops doing so when it is told. */
export class TcpProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  readonly #holds = new Set<Hold>();
  #refusals = 0;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** Listens on a free port of 127.0.0.1 for connections to the port `target`. */
  static async open(target: number): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, target);
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /**
   * Holds back what is sent, on sockets that are yet to come too, until the returned function is called: then it goes where it
   * was sent, even if who has sent it is gone.
   */
  hold(kinds: readonly Kind[], directions: readonly Direction[]): () => void {
    const hold = { kinds, directions };
    this.#holds.add(hold);
    return () => {
      this.#holds.delete(hold);
      for (const pair of this.#pairs) pair.flush();
    };
  }

  /** Closes the sockets of a kind. */
  cut(kinds: readonly Kind[]): void {
    for (const pair of this.#pairs) if (kinds.includes(pair.kind)) pair.destroy();
  }

  /** Closes all sockets, and each that is opened, until the returned function is called. */
  refuse(): () => void {
    this.#refusals += 1;
    this.cut(['data', 'channel']);
    return () => void (this.#refusals -= 1);
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.#refusals > 0) return void client.destroy();
    const isHeld = (kind: Kind, direction: Direction): boolean =>
      [...this.#holds].some((hold) => hold.kinds.includes(kind) && hold.directions.includes(direction));
    const pair = new Pair(client, connect(this.#target, '127.0.0.1'), isHeld);
    this.#pairs.add(pair);
    pair.onEnd(() => this.#pairs.delete(pair));
  }
}

/** One connection through the proxy. */
class Pair {
  kind: Kind = 'data';
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #isHeld: (kind: Kind, direction: Direction) => boolean;
  readonly #kept: Record<Direction, Buffer[]> = { up: [], down: [] };
  readonly #closed = { up: false, down: false };

  constructor(client: Socket, server: Socket, isHeld: (kind: Kind, direction: Direction) => boolean) {
    this.#client = client;
    this.#server = server;
    this.#isHeld = isHeld;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
    }
    client.on('data', (bytes) => {
      if (bytes.includes('TRACKING') || bytes.includes('SUBSCRIBE')) this.kind = 'channel';
      this.#pass('up', bytes);
    });
    server.on('data', (bytes) => this.#pass('down', bytes));
    client.on('close', () => this.#close('up'));
    server.on('close', () => this.#close('down'));
  }

  onEnd(listener: () => void): void {
    this.#server.on('close', listener);
  }

  flush(): void {
    for (const direction of ['up', 'down'] as const) {
      if (this.#isHeld(this.kind, direction)) continue;
      for (const bytes of this.#kept[direction].splice(0)) this.#to(direction).write(bytes);
      if (this.#closed[direction]) this.#to(direction).end();
    }
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #to(direction: Direction): Socket {
    return direction === 'up' ? this.#server : this.#client;
  }

  #pass(direction: Direction, bytes: Buffer): void {
    if (this.#isHeld(this.kind, direction) || this.#kept[direction].length > 0) {
      this.#kept[direction].push(bytes);
    } else {
      this.#to(direction).write(bytes);
    }
  }

  /** Who has sent is gone. What it has sent may still be on its way. */
  #close(direction: Direction): void {
    this.#closed[direction] = true;
    if (this.#kept[direction].length === 0) this.#to(direction).end();
  }
}
