import {
  Catch,
  HttpException,
  type ArgumentsHost,
  type DynamicModule,
  type ExceptionFilter,
  type LoggerService,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { RedisCacheModule, type RedisCacheModuleOptions, type SessionOptions } from '../../../src/index.js';
import { send, type RawReply } from '../http/http-client.js';

export const platforms = ['express', 'fastify'] as const;
export type Platform = (typeof platforms)[number];
export type AnyApplication = NestExpressApplication & NestFastifyApplication;

export const SECRET = 'a secret of at least thirty-two bytes';

export interface SessionAppOptions {
  readonly platform: Platform;
  readonly redis: string;
  readonly controllers: Type[];
  readonly session?: Partial<SessionOptions>;
  readonly module?: Partial<RedisCacheModuleOptions>;
  /** The module itself, where it is to be made otherwise. */
  readonly root?: DynamicModule;
  readonly imports?: (Type | DynamicModule)[];
  /** Modules that stand before ours. */
  readonly before?: (Type | DynamicModule)[];
  readonly adapter?: ExpressAdapter | FastifyAdapter;
  readonly logger?: LoggerService;
  /** Milliseconds that Redis has for an answer. A busy machine is no outage. */
  readonly deadline?: number;
  /** Runs before the application starts. */
  readonly prepare?: (app: AnyApplication) => unknown;
}

/** An application with sessions, on a port of its own. */
export interface SessionApp {
  readonly url: string;
  readonly app: AnyApplication;
  /** What reached the global filter. */
  readonly caught: unknown[];
  browser(): Browser;
  close(): Promise<void>;
}

/** Keeps cookies by their names, as browsers do. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<RawReply> {
    return this.ask(path, { headers, method });
  }

  async ask(path: string, options: Parameters<typeof send>[2] = {}): Promise<RawReply> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie !== '' && { cookie }), ...options.headers };
    const reply = await send(this.#url, path, { ...options, headers });
    for (const line of reply.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';', 1);
      this.cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return reply;
  }

  async json(path: string, headers: Record<string, string> = {}): Promise<unknown> {
    return JSON.parse((await this.get(path, headers)).text) as unknown;
  }

  /** Another one with the same cookies. */
  twin(): Browser {
    const twin = new Browser(this.#url);
    for (const [name, value] of this.cookies) twin.cookies.set(name, value);
    return twin;
  }
}

let prefixes = 0;

/** Starts an application whose global filter answers as Nest does, and says that it did. */
export async function startSessionApp(options: SessionAppOptions): Promise<SessionApp> {
  const { platform, redis, imports = [], before = [], deadline = 5_000 } = options;
  const caught: unknown[] = [];
  const sessions =
    options.root ??
    RedisCacheModule.forRoot({
      connection: { url: redis, deadline, connect: 'required' },
      session: { secret: SECRET, prefix: `s${++prefixes}`, ...options.session },
      ...options.module,
    });
  const root = {
    module: class Root {},
    imports: [...before, sessions, ...imports],
    controllers: options.controllers,
  };
  const plain = () => (platform === 'express' ? new ExpressAdapter() : new FastifyAdapter());
  const app = await NestFactory.create<AnyApplication>(root, options.adapter ?? plain(), {
    logger: options.logger ?? false,
    forceCloseConnections: true,
    abortOnError: false,
  });
  app.useGlobalFilters(new Recorder(caught, app.get(HttpAdapterHost)));
  try {
    await options.prepare?.(app);
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return { url, app, caught, browser: () => new Browser(url), close: () => app.close() };
}

@Catch()
class Recorder implements ExceptionFilter {
  constructor(
    readonly caught: unknown[],
    readonly host: HttpAdapterHost,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    this.caught.push(error);
    const response: unknown = host.switchToHttp().getResponse();
    const status = error instanceof HttpException ? error.getStatus() : 500;
    const body = error instanceof HttpException ? error.getResponse() : { statusCode: 500 };
    const { httpAdapter } = this.host;
    if (httpAdapter.isHeadersSent(response)) httpAdapter.end(response);
    else httpAdapter.reply(response, body, status);
  }
}
