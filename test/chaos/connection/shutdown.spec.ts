import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { spawnTypeScript } from '../../support/child-process.js';
import { freePort } from '../../support/redis-server.js';
import { fakeServer } from './fake-server.js';
import { CLIENTS, get, open, redis } from './harness.js';

describe.each(CLIENTS)('closing on %s', (version) => {
  it('leaves nothing open that would keep a process alive, whatever state it is in', async () => {
    const server = await redis();
    const nobody = `redis://127.0.0.1:${await freePort()}`;
    const silent = await fakeServer(() => undefined);
    const args = [version, server.url, nobody, silent, String(server.process.pid)];
    const child = spawnTypeScript(new URL('./shutdown.child.ts', import.meta.url), args);
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    let closedAt = Infinity;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        output += text.toString();
        if (output.includes('all closed')) closedAt = Math.min(closedAt, performance.now());
      });
    }
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(output.split('\n')).toEqual([
      'up, closed',
      'never started, closed',
      'connecting, closed',
      'down, closed',
      'not greeted, closed',
      'no TLS handshake, closed',
      'hung, closed',
      'all closed',
      '',
    ]);
    expect(code).toBe(0);
    // Whatever keeps a process alive here does so for seconds.
    expect(performance.now() - closedAt).toBeLessThan(1_500);
  }, 60_000);
});

describe.each(CLIENTS)('closing on %s', (_version, client) => {
  it('lets calls in flight be answered', async () => {
    const server = await redis();
    const { connection } = await open({ url: server.url, deadline: '10s' }, { client });
    await server.cli('SET', 'k', 'v');
    const calls = Promise.all(Array.from({ length: 50 }, () => get(connection, 'k')));
    await connection.close();
    expect(new Set(await calls)).toEqual(new Set(['v']));
  });

  it('answers calls in flight that Redis does not', async () => {
    const server = await redis();
    const { connection } = await open({ url: server.url, deadline: '10s' }, { client });
    server.pause();
    const call = get(connection, 'k');
    const [result] = await Promise.allSettled([call, connection.close()]);
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'REDIS_UNAVAILABLE' } });
    expect(connection.client.isOpen).toBe(false);
  });
});
