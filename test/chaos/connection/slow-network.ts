import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A way to a server on which bytes can be late, as they are when packets were lost and are sent again. */
export interface SlowNetwork {
  readonly url: string;
  /** Keeps back from now on what the present connections send, and what is sent to them. Later ones are not concerned. */
  hold(): void;
  /** Delivers what was kept back, also of connections that their client has given up since. */
  deliver(): void;
}

interface Way {
  readonly client: Socket;
  readonly server: Socket;
  late: Buffer[] | undefined;
}

/** Makes a way to a port of this machine. Ends with the test. */
export async function slowNetwork(port: number): Promise<SlowNetwork> {
  const ways = new Set<Way>();
  const listener = createServer((client) => void ways.add(wayTo(port, client))).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(async () => {
    for (const { client, server } of ways) {
      client.destroy();
      server.destroy();
    }
    listener.close();
    await once(listener, 'close');
  });
  return {
    url: `redis://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    hold: () => ways.forEach((way) => (way.late ??= [])),
    deliver: () => ways.forEach((way) => release(way)),
  };
}

function wayTo(port: number, client: Socket): Way {
  const way: Way = { client, server: connect(port, '127.0.0.1'), late: undefined };
  for (const socket of [client, way.server]) socket.on('error', () => undefined);
  client.on('data', (bytes) => {
    if (way.late) way.late.push(bytes);
    else way.server.write(bytes);
  });
  way.server.on('data', (bytes) => {
    if (!way.late) client.write(bytes);
  });
  client.on('close', () => way.late ?? way.server.destroy());
  way.server.on('close', () => client.destroy());
  return way;
}

function release(way: Way): void {
  for (const bytes of way.late ?? []) way.server.write(bytes);
  way.late = undefined;
}
