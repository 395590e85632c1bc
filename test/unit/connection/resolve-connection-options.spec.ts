import { createClient, createClientPool, createCluster } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { resolveConnectionOptions } from '../../../src/connection/resolve-connection-options.js';

function resolve(raw: unknown): unknown {
  return resolveConnectionOptions('default', raw, 'connection');
}

function errorOf(raw: unknown): InvalidOptionsError {
  try {
    resolve(raw);
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error;
  }
  throw new Error('No InvalidOptionsError was thrown.');
}

describe('resolveConnectionOptions', () => {
  it('completes a URL with every default, frozen', () => {
    const resolved = resolve('redis://:secret@h:7000/2');
    expect(resolved).toEqual({
      kind: 'standalone',
      name: 'default',
      deadline: 250,
      breaker: { timeouts: 5, reconnectAfter: 2_000 },
      connect: 'background',
      endpoint: {
        host: 'h',
        port: 7000,
        path: undefined,
        family: undefined,
        connectTimeout: 2_000,
        tls: undefined,
      },
      username: undefined,
      password: 'secret',
      database: 2,
      clientName: undefined,
      maxPending: 50_000,
    });
    expect(Object.isFrozen(resolved)).toBe(true);
  });

  it('takes options in place of a URL', () => {
    const tls = { ca: 'pem', servername: 'redis.internal' };
    expect(
      resolve({
        socket: { host: 'h', port: 1, tls: true, ...tls, connectTimeout: '5s', family: 6 },
        username: 'ada',
        password: 'secret',
        database: 1,
        clientName: 'shop',
        deadline: '1s',
        breaker: { timeouts: 2, reconnectAfter: '5s' },
        connect: 'required',
        maxPending: 10,
      }),
    ).toMatchObject({
      endpoint: { host: 'h', port: 1, tls, connectTimeout: 5_000, family: 6 },
      username: 'ada',
      password: 'secret',
      database: 1,
      clientName: 'shop',
      deadline: 1_000,
      breaker: { timeouts: 2, reconnectAfter: 5_000 },
      connect: 'required',
      maxPending: 10,
    });
  });

  it('takes a unix socket and a password beside the URL', () => {
    expect(resolve({ socket: { path: '/run/redis.sock' } })).toMatchObject({
      endpoint: { path: '/run/redis.sock' },
    });
    expect(resolve({ url: 'redis://h', password: 'secret', username: 'ada' })).toMatchObject({
      username: 'ada',
      password: 'secret',
    });
    expect(resolve({ url: 'rediss://h', socket: { ca: 'pem' } })).toMatchObject({
      endpoint: { tls: { ca: 'pem' } },
    });
  });

  it.each([
    [42, 'connection', /must be a URL, an object of options.*received 42/],
    ['', 'connection', /environment/],
    [{}, 'connection', /needs a url, a socket or a client/],
    [{ url: undefined }, 'connection.url', /environment/],
    [{ url: '' }, 'connection.url', /environment/],
    [{ url: 'redis://h', ttl: 5 }, 'connection.ttl', /is no option/],
    [
      { url: 'redis://h', socket: { reconnectStrategy: false } },
      'connection.socket.reconnectStrategy',
      /no option/,
    ],
    [{ url: 'redis://h', socket: { host: 'other' } }, 'connection.socket.host', /beside a url/],
    [{ url: 'redis://:a@h', password: 'b' }, 'connection.password', /beside a url/],
    [{ url: 'redis://h/1', database: 1 }, 'connection.database', /beside a url/],
    [{ url: 'redis://ada@h' }, 'connection.username', /needs a password/],
    [{ url: 'rediss://h', socket: { tls: false } }, 'connection.socket.tls', /contradicts the url/],
    [{ url: 'redis://h', socket: { ca: 'pem' } }, 'connection.socket.ca', /needs tls: true/],
    [{ url: 'redis://h', socket: { tls: {} } }, 'connection.socket.tls', /true or false/],
    [{ socket: { host: 'h', path: '/s' } }, 'connection.socket.path', /beside host and port/],
    [{ socket: { port: 70_000 } }, 'connection.socket.port', /whole number, 1 to 65535, received 70000/],
    [{ url: 'redis://h', database: -1 }, 'connection.database', /whole number, 0 or more/],
    [{ url: 'redis://h', deadline: 'soon' }, 'connection.deadline', /received "soon"/],
    [{ url: 'redis://h', deadline: 0 }, 'connection.deadline', /at least 1 ms/],
    [{ url: 'redis://h', breaker: { timeouts: 0 } }, 'connection.breaker.timeouts', /1 or more/],
    [{ url: 'redis://h', breaker: 5 }, 'connection.breaker', /must be an object/],
    [{ url: 'redis://h', connect: 'lazy' }, 'connection.connect', /'background' or 'required'/],
    [{ client: undefined }, 'connection.client', /createClient\(\)/],
    [{ client: {} }, 'connection.client', /createClient\(\)/],
    [{ client: Promise.resolve() }, 'connection.client', /await/],
    [{ client: createClient(), url: 'redis://h' }, 'connection.url', /no option/],
  ])('refuses %o', (raw, path, message) => {
    const error = errorOf(raw);
    expect(error.path).toBe(path);
    expect(error.message).toMatch(message);
  });

  it('shows no password and no URL in its errors', () => {
    for (const raw of [
      { url: 'redis://:s3cret@h', password: 's3cret' },
      { url: 'redis://:s3cret@h/nine' },
      { url: 'http://:s3cret@h' },
      { url: 'redis://h', password: { value: 's3cret' } },
    ]) {
      expect(errorOf(raw).message).not.toContain('s3cret');
    }
  });

  it.each([
    ['redis 6', createClient()],
    ['redis 5', createClient5()],
    ['a client with command options', createClient().withCommandOptions({ timeout: 100 })],
  ])('borrows a client of %s', (_name, client) => {
    expect(resolve({ client, deadline: '1s' })).toMatchObject({ kind: 'borrowed', client, deadline: 1_000 });
  });

  it.each([
    ['a pool', createClientPool()],
    ['a cluster', createCluster({ rootNodes: [{ url: 'redis://h' }] })],
  ])('does not borrow %s', (_name, client) => {
    expect(errorOf({ client }).path).toBe('connection.client');
  });
});
