import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What a fake server sends back for what it has received; nothing for `undefined`. */
export type Answer = (input: string, socket: Socket) => string | Buffer | undefined;

/** A TCP server that is no Redis, for what a real one never does. Ends with the test. Gives its URL. */
export async function fakeServer(answer: Answer): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const output = answer(bytes.toString('latin1'), socket);
      if (output !== undefined) socket.write(output);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers every command of an input by its name, in order; `+OK` where nothing else is said. */
export function byCommand(replies: Readonly<Record<string, string>>): Answer {
  return (input) => {
    const names = input.match(/\*\d+\r\n\$\d+\r\n[^\r]+/g) ?? [];
    return names
      .map((found) => found.slice(found.lastIndexOf('\n') + 1).toUpperCase())
      .map((name) => replies[name] ?? (name === 'HELLO' ? '%1\r\n+proto\r\n:3\r\n' : '+OK\r\n'))
      .join('');
  };
}
