import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findRedisServer } from '../../scripts/redis-binary.mjs';
import { dataFolder, reap, spare } from './redis-reaper.js';
import { readable, RespClient, type RawReply, type Reply } from './resp-client.js';

/** What a server is started with. Nothing is written to disk unless `config` or `args` say so. */
export interface RedisServerOptions {
  /** A free port by default. The same one is used again by `restart`. */
  readonly port?: number;
  /** `requirepass`; it is part of `url`. */
  readonly password?: string;
  /** Directives of redis.conf: `{ maxmemory: '10mb', 'maxmemory-policy': 'allkeys-lru' }`. */
  readonly config?: Readonly<Record<string, string | number>>;
  /** Further arguments, as on the command line: `['--tls-port', '7000']`. */
  readonly args?: readonly string[];
  /** A configuration file that is read first, and then decides what is written to disk. */
  readonly configFile?: string;
}

type Argument = string | number | Buffer;

const START_LIMIT = 15_000;
const PORT_TRIES = 10;

/**
 * Starts a real redis-server on 127.0.0.1 in a folder of its own and waits until it answers. It ends with this process,
 * however that ends.
 *
 * @throws Error with the server's own output when it does not come up
 */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  for (let tries = 1; ; tries += 1) {
    const server = new RedisServer(options.port ?? (await freePort()), options);
    try {
      await server.start();
      return server;
    } catch (error) {
      const taken = /Address already in use/.test(String(error));
      if (!taken || options.port !== undefined || tries === PORT_TRIES) throw error;
    }
  }
}

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** A redis-server of this test. Made by `startRedis`. */
export class RedisServer {
  readonly port: number;
  /** `redis://127.0.0.1:port`, with the password if there is one. */
  readonly url: string;
  /** The unix socket it listens on as well. */
  readonly socketPath: string;
  /** Where it keeps what it saves. */
  readonly folder: string;
  readonly #options: RedisServerOptions;
  #process: ChildProcess | undefined;
  #client: Promise<RespClient> | undefined;
  #output = '';

  constructor(port: number, options: RedisServerOptions) {
    this.port = port;
    this.folder = mkdtempSync(join(dataFolder(), 's'));
    this.socketPath = join(this.folder, 'redis.sock');
    this.#options = options;
    const secret = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`;
    this.url = `redis://${secret}127.0.0.1:${port}`;
  }

  /** The running process. @throws Error when it is stopped */
  get process(): ChildProcess {
    if (!this.#process) throw new Error('redis-server is not running.');
    return this.#process;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** What the server printed since its last start. */
  get output(): string {
    return this.#output;
  }

  /** Sends a command past the library and gives the reply with strings read as UTF-8. An error reply rejects. */
  async cli(...args: Argument[]): Promise<Reply> {
    return readable(await this.raw(...args));
  }

  /** As `cli`, with strings as bytes. */
  async raw(...args: Argument[]): Promise<RawReply> {
    this.#client ??= this.#connect();
    return (await this.#client).send(args);
  }

  /** Starts the stopped server and waits until it has loaded its data and answers. */
  async start(): Promise<void> {
    const { path, env } = requireBinary();
    mkdirSync(this.folder, { recursive: true });
    this.#output = '';
    const child = spawn(path, this.#arguments(), {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => (this.#output = (this.#output + text.toString()).slice(-20_000)));
    }
    child.unref();
    for (const stream of [child.stdout, child.stderr]) (stream as unknown as { unref(): void }).unref();
    child.once('exit', () => this.#ended(child));
    child.once('error', (error) => {
      this.#output += error.message;
      this.#ended(child);
    });
    if (child.pid !== undefined) reap(child.pid);
    await this.#answers(child);
  }

  /** Ends the server as an operator would (SIGTERM). Its folder stays, so that `restart` may use it. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends it at once (SIGKILL), as a crash does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Freezes it (SIGSTOP): connections stay open and nothing answers. */
  pause(): void {
    this.process.kill('SIGSTOP');
  }

  /** Lets a frozen server go on; it handles what has arrived meanwhile. */
  resume(): void {
    this.process.kill('SIGCONT');
  }

  /**
   * Ends it, if it runs, and starts it on the same port: empty, or with `sameData` as it was (a server that is already
   * down comes back with what it had on disk).
   */
  async restart({ sameData = false }: { sameData?: boolean } = {}): Promise<void> {
    if (this.#process && sameData) {
      this.resume();
      await this.cli('SAVE');
    }
    await this.kill();
    if (!sameData) rmSync(this.folder, { recursive: true, force: true });
    await this.start();
  }

  #arguments(): string[] {
    const { configFile, password, config = {}, args = [] } = this.#options;
    const own = ['--bind', '127.0.0.1', '--port', `${this.port}`, '--dir', this.folder];
    own.push('--unixsocket', this.socketPath, '--daemonize', 'no');
    if (configFile === undefined) own.push('--save', '', '--appendonly', 'no');
    if (password !== undefined) own.push('--requirepass', password);
    const directives = Object.entries(config).flatMap(([name, value]) => [`--${name}`, String(value)]);
    return [...(configFile === undefined ? [] : [configFile]), ...own, ...directives, ...args];
  }

  /** The socket file is ours alone, so whoever answers there is this server and not another on the same port. */
  async #connect(): Promise<RespClient> {
    const client = await RespClient.open(this.socketPath);
    const { password } = this.#options;
    if (password !== undefined) await client.send(['AUTH', password]);
    return client;
  }

  async #answers(child: ChildProcess): Promise<void> {
    const end = performance.now() + START_LIMIT;
    while (this.#process === child) {
      try {
        await this.raw('PING');
        return;
      } catch (error) {
        if (performance.now() > end) {
          await this.kill();
          throw new Error(`redis-server does not answer:\n${this.#output}`, { cause: error });
        }
        // LOADING leaves the connection usable; anything else means there is none yet.
        if (!String(error).includes('LOADING')) this.#client = undefined;
      }
      await sleep(5);
    }
    throw new Error(`redis-server ended before it answered:\n${this.#output}`);
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (!child) return;
    const ended = once(child, 'exit');
    child.ref();
    child.kill('SIGCONT');
    child.kill(signal);
    const patience = setTimeout(() => child.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(patience);
  }

  #ended(child: ChildProcess): void {
    if (child.pid !== undefined) spare(child.pid);
    if (this.#process !== child) return;
    this.#process = undefined;
    void this.#client?.then((client) => client.close()).catch(() => undefined);
    this.#client = undefined;
  }
}

function requireBinary(): { path: string; env: Record<string, string> } {
  const binary = findRedisServer();
  if (binary) return binary;
  throw new Error(
    'No redis-server was found. Run "node scripts/ensure-redis.mjs": it gets one or says what to do.',
  );
}
