import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { spawnTypeScript } from '../../support/child-process.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer, type RedisServerOptions } from '../../support/redis-server.js';

const started: RedisServer[] = [];

async function start(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  started.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.kill()));
});

describe('the Redis that tests start', () => {
  it('answers commands with strings, numbers, nil, arrays, and rejects with error replies', async () => {
    const server = await start();
    expect(await server.cli('SET', 'a', 'ä\r\n')).toBe('OK');
    expect(await server.cli('GET', 'a')).toBe('ä\r\n');
    expect(await server.raw('GET', 'a')).toEqual(Buffer.from('ä\r\n'));
    expect(await server.cli('GET', 'b')).toBeNull();
    expect(await server.cli('EVAL', 'return {1, {"x", false}, {}}', 0)).toEqual([1, ['x', null], []]);
    await expect(server.cli('INCR', 'a')).rejects.toThrow('not an integer');
  });

  it('reads replies of several megabytes', async () => {
    const server = await start();
    const large = 'x'.repeat(5_000_000);
    await server.cli('SET', 'large', large);
    expect(await server.cli('GET', 'large')).toBe(large);
  });

  it('takes a password and directives, and saves nothing by itself', async () => {
    const server = await start({
      password: 'p@ss/word',
      config: { maxmemory: '10mb', 'maxmemory-policy': 'allkeys-lru' },
    });
    expect(server.url).toBe(`redis://:p%40ss%2Fword@127.0.0.1:${server.port}`);
    expect(await server.cli('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', '10485760']);
    expect(await server.cli('CONFIG', 'GET', 'save')).toEqual(['save', '']);
  });

  it('comes back on the same port, empty or as it was', async () => {
    const server = await start();
    await server.cli('SET', 'a', '1');
    await server.restart({ sameData: true });
    expect(await server.cli('GET', 'a')).toBe('1');
    await server.stop();
    expect(server.running).toBe(false);
    await server.restart({ sameData: true });
    expect(await server.cli('GET', 'a')).toBe('1');
    await server.restart();
    expect(await server.cli('DBSIZE')).toBe(0);
  });

  it('can be frozen, let go, and ended while frozen', async () => {
    const server = await start();
    server.pause();
    const reply = server.cli('PING');
    server.resume();
    expect(await reply).toBe('PONG');
    server.pause();
    await server.stop();
    expect(server.running).toBe(false);
  });

  it('says why it did not come up', async () => {
    await expect(start({ args: ['--maxmemory-policy', 'nonsense'] })).rejects.toThrow('maxmemory-policy');
  });

  it('does not take the server of another for its own when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(start({ port })).rejects.toThrow('Address already in use');
    other.close();
  });

  it('ends with its process, even one that is killed, and leaves no files', async () => {
    const child = spawnTypeScript(new URL('./idle-server.fixture.ts', import.meta.url));
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { pid, folder } = JSON.parse(line.toString()) as { pid: number; folder: string };
    expect(existsSync(folder)).toBe(true);
    child.kill('SIGKILL');
    await eventually(() => {
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect(existsSync(folder)).toBe(false);
    });
  });
});
