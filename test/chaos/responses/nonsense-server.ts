import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What is said to so many commands. */
export type Nonsense = (commands: number) => string;

/** One such reply to each command, as a server does that means what it says. */
const each =
  (reply: string): Nonsense =>
  (commands) =>
    reply.repeat(commands);

/** What something that is no Redis, or no more, may answer. */
export const NONSENSE: Readonly<Record<string, Nonsense>> = {
  HTTP: () => 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<h1>Bad Request</h1>',
  'a text that never ends': () => '$1000000\r\nand then',
  'OK to everything': each('+OK\r\n'),
  'nothing to everything': each('_\r\n'),
  'a text of others to everything': each('$24\r\n{"status":200,"body":"x"}\r\n'),
  'lists in lists to everything': each('*2\r\n*2\r\n$1\r\nx\r\n_\r\n%1\r\n+x\r\n,1.5\r\n'),
  'two replies to everything': each('+OK\r\n$1\r\nx\r\n'),
  'messages that nobody waits for': () =>
    '>3\r\n+message\r\n+x\r\n+y\r\n>2\r\n+invalidate\r\n:1\r\n>1\r\n+x\r\n',
};

/** What a connection says before it is used, and to learn whether Redis is there. */
const HANDSHAKE = new Set(['HELLO', 'AUTH', 'SELECT', 'CLIENT', 'PING', 'ROLE', 'TIME', 'INFO']);

/** Since when a connection is talked nonsense on: before it has said anything, or once it wants more than a handshake. */
export type Since = 'its beginning' | 'its handshake';

/** A server in whose place there may be something else. */
export interface NonsenseServer {
  readonly url: string;
  /** Talks nonsense from now on. */
  talk(nonsense: Nonsense, since: Since): void;
  /** Is Redis again. Whoever was talked nonsense to is hung up on. */
  recover(): void;
  /** How often nonsense was said. */
  readonly said: number;
}

/** A server on the way to a Redis. Ends with the test. */
export async function nonsenseServer(redisPort: number): Promise<NonsenseServer> {
  const clients = new Set<Socket>();
  /** Those who have heard nonsense once hear nothing else. */
  const lost = new Set<Socket>();
  let talk: { readonly nonsense: Nonsense; readonly since: Since } | undefined;
  let said = 0;

  function say(client: Socket, commands: number): void {
    said += 1;
    lost.add(client);
    if (talk) client.write(talk.nonsense(commands));
  }

  const listener = createServer((client) => {
    const redis = connect(redisPort, '127.0.0.1');
    clients.add(client);
    for (const socket of [client, redis]) socket.on('error', () => undefined);
    client.on('close', () => (clients.delete(client), lost.delete(client), redis.destroy()));
    redis.on('close', () => client.destroy());
    redis.on('data', (bytes) => void (lost.has(client) || client.write(bytes)));
    client.on('data', (bytes) => {
      const commands = commandsIn(bytes);
      const greets = talk?.since !== 'its beginning' && commands.every((name) => HANDSHAKE.has(name));
      if (talk && (lost.has(client) || !greets)) say(client, commands.length);
      else redis.write(bytes);
    });
    if (talk?.since === 'its beginning') say(client, 1);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(async () => {
    for (const client of clients) client.destroy();
    listener.close();
    await once(listener, 'close');
  });
  return {
    url: `redis://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    talk: (nonsense, since) => void (talk = { nonsense, since }),
    recover: () => {
      talk = undefined;
      for (const client of lost) client.destroy();
    },
    get said() {
      return said;
    },
  };
}

/** The names of the commands that have begun in some bytes. */
function commandsIn(bytes: Buffer): string[] {
  const found = bytes.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n([^\r]+)/g);
  return Array.from(found, ([, name = '']) => name.toUpperCase());
}
