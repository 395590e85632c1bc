import { describe, expect, it } from 'vitest';
import type { RedisCommand, RedisReply } from '../../../src/connection/connection.js';
import { FormerSockets } from '../../../src/connection/former-sockets.js';

/** A client whose sockets Redis tells of as `infos` says, one after the other, and what is sent to close former ones. */
function setUp(...infos: (string | Error)[]) {
  const closed: string[] = [];
  const sockets = new FormerSockets({
    isReady: true,
    sendCommand: () => {
      const info = infos.shift() ?? new Error('Socket closed unexpectedly');
      return info instanceof Error ? Promise.reject(info) : Promise.resolve(Buffer.from(info));
    },
  });
  async function connect(): Promise<void> {
    sockets.connected();
    await Promise.resolve();
  }
  async function close(reply: RedisReply | Error = 1): Promise<boolean> {
    return sockets.close((commands: readonly RedisCommand[]) => {
      closed.push(...commands.map(({ args }) => args.join(' ')));
      return Promise.resolve(commands.map(() => reply));
    });
  }
  return { sockets, closed, connect, close };
}

const info = (id: number, address: string): string =>
  `id=${id} addr=${address} laddr=127.0.0.1:6379 fd=8 name=`;

describe('the former sockets of a client', () => {
  it('are none on the first connect', async () => {
    const { closed, connect, close } = setUp(info(7, 'a:1'));
    await connect();
    expect(await close()).toBe(true);
    expect(closed).toEqual([]);
  });

  it('are closed by number and address, which together no other client has', async () => {
    const { closed, connect, close } = setUp(info(7, 'a:1'), info(9, 'a:2'));
    await connect();
    await connect();
    expect(await close()).toBe(true);
    expect(closed).toEqual(['CLIENT KILL ID 7 ADDR a:1']);
  });

  it('are left alone on a server that has begun to count anew', async () => {
    const { closed, connect, close } = setUp(info(7, 'a:1'), info(3, 'a:2'));
    await connect();
    await connect();
    expect(await close()).toBe(true);
    expect(closed).toEqual([]);
  });

  it('are all closed, until somebody was told of it', async () => {
    const { sockets, closed, connect, close } = setUp(info(1, 'a:1'), info(2, 'a:2'), info(3, 'a:3'));
    for (let count = 0; count < 3; count += 1) await connect();
    expect(await close(new Error('no answer'))).toBe(false);
    closed.length = 0;
    expect(await close()).toBe(true);
    expect(closed).toEqual(['CLIENT KILL ID 1 ADDR a:1', 'CLIENT KILL ID 2 ADDR a:2']);
    sockets.forget();
    closed.length = 0;
    expect(await close()).toBe(true);
    expect(closed).toEqual([]);
  });

  it('may live on where one of them is not known, and where the present one is not', async () => {
    const refused = new Error("NOPERM User app has no permissions to run the 'client|info' command");
    const former = setUp(refused, info(2, 'a:2'));
    await former.connect();
    await former.connect();
    expect(await former.close()).toBe(false);
    const present = setUp(info(1, 'a:1'), refused);
    await present.connect();
    await present.connect();
    expect(await present.close()).toBe(false);
    expect(present.closed).toEqual([]);
  });

  it('may live on when Redis does not answer, or does not permit it', async () => {
    const { sockets, connect, close } = setUp(info(1, 'a:1'), info(2, 'a:2'));
    await connect();
    await connect();
    expect(await close(new Error('NOPERM'))).toBe(false);
    expect(await sockets.close(() => Promise.reject(new Error('no answer within 250 ms')))).toBe(false);
  });
});
