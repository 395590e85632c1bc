import {
  Body,
  Controller,
  Get,
  Inject,
  Post,
  Req,
  Session,
  type DynamicModule,
  type WebSocketAdapter,
} from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  type OnGatewayConnection,
} from '@nestjs/websockets';
import { io, type Socket as Client } from 'socket.io-client';
import { SessionService } from '../../../src/index.js';
import { SessionIoAdapter } from '../../../src/socket-io/index.js';
import {
  startSessionApp,
  type AnyApplication,
  type Browser,
  type SessionApp,
  type SessionAppOptions,
} from './session-app.js';
import { done, type AnyRequest, type AnySession } from './session-routes.js';

/** A socket, as far as gateways look at it here. */
interface GatewaySocket {
  readonly request: { session?: AnySession };
}

/** What a gateway could do after it was let go on. */
export interface Held {
  readonly begun: Promise<void>;
  goOn(): void;
  readonly ended: Promise<HeldEnd>;
}

interface HeldEnd {
  readonly save: string;
  readonly reload: string;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

function deferred<T>(): Deferred<T> {
  let resolve = (_value: T): void => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

export interface GatewayApp extends SessionApp {
  readonly sessions: SessionService;
  /** The fields that each connection began with. */
  readonly connected: unknown[];
  /** Lets the message `hold` wait, until it is let go on. */
  hold(): Held;
  /** Opens a connection with the cookies of a browser. */
  connect(browser: Browser, transports?: readonly string[], query?: Record<string, string>): Client;
}

export interface GatewayAppOptions extends Omit<SessionAppOptions, 'controllers'> {
  readonly adapt?: (app: AnyApplication) => WebSocketAdapter;
}

/** An application with a gateway, and routes to sign in and out. */
export async function startGatewayApp({
  adapt = (nest) => new SessionIoAdapter(nest),
  ...options
}: GatewayAppOptions): Promise<GatewayApp> {
  const connected: unknown[] = [];
  const clients: Client[] = [];
  let pause = { begun: deferred<void>(), wait: deferred<void>(), ended: deferred<HeldEnd>() };

  @WebSocketGateway()
  class Gateway implements OnGatewayConnection {
    constructor(@Inject(SessionService) readonly sessions: SessionService) {}

    handleConnection({ request }: GatewaySocket): void {
      connected.push(fieldsOf(request.session));
    }

    @SubscribeMessage('show')
    show(@ConnectedSocket() { request }: GatewaySocket) {
      return { fields: fieldsOf(request.session) };
    }

    @SubscribeMessage('set')
    async set(@ConnectedSocket() { request }: GatewaySocket, @MessageBody() fields: object) {
      const { session } = request;
      const saved = await told(async () => {
        Object.assign(session ?? {}, fields);
        await done((callback) => session?.save(callback));
      });
      return { saved };
    }

    @SubscribeMessage('login')
    async login(@ConnectedSocket() { request }: GatewaySocket) {
      const login = await told(() => this.sessions.login(request, { user: 'bob' }));
      return { login, rotate: await told(() => this.sessions.rotate(request)) };
    }

    @SubscribeMessage('reload')
    async reload(@ConnectedSocket() { request }: GatewaySocket) {
      const reloaded = await told(() => done((callback) => request.session?.reload(callback)));
      return { reloaded, fields: fieldsOf(request.session) };
    }

    @SubscribeMessage('logout')
    async logout(@ConnectedSocket() { request }: GatewaySocket) {
      await done((callback) => request.session?.destroy(callback));
    }

    @SubscribeMessage('hold')
    async hold(@ConnectedSocket() { request }: GatewaySocket) {
      const session = request.session as AnySession;
      pause.begun.resolve();
      await pause.wait.promise;
      session['late'] = true;
      const save = await told(() => done((callback) => session.save(callback)));
      const reload = await told(() => done((callback) => session.reload(callback)));
      pause.ended.resolve({ save, reload });
    }
  }

  @Controller()
  class Routes {
    constructor(@Inject(SessionService) readonly sessions: SessionService) {}

    @Post('login')
    async login(@Req() request: object) {
      await this.sessions.login(request, { user: 'ann' });
    }

    @Post('logout')
    async logout(@Session() session: AnySession) {
      await done((callback) => session.destroy(callback));
    }

    @Post('set')
    set(@Req() { session }: AnyRequest, @Body() fields: object) {
      Object.assign(session, fields);
    }

    @Get('show')
    show(@Session() session: AnySession) {
      return fieldsOf(session);
    }

    @Get('handle')
    handle(@Req() request: object) {
      return { handle: this.sessions.handleOf(request) };
    }
  }

  const feature: DynamicModule = { module: class Feature {}, providers: [Gateway], controllers: [Routes] };
  const app = await startSessionApp({
    ...options,
    controllers: [],
    imports: [feature],
    session: { userId: ({ user }) => user as string | undefined, ...options.session },
    prepare: (nest) => nest.useWebSocketAdapter(adapt(nest)),
  });
  return {
    ...app,
    sessions: app.app.get(SessionService),
    connected,
    hold() {
      pause = { begun: deferred(), wait: deferred(), ended: deferred() };
      const { begun, wait, ended } = pause;
      return { begun: begun.promise, goOn: wait.resolve, ended: ended.promise };
    },
    connect(browser, transports = ['websocket'], query = {}) {
      const client = io(app.url, {
        transports: [...transports],
        query,
        forceNew: true,
        reconnectionDelay: 20,
        reconnectionDelayMax: 100,
        extraHeaders: { cookie: cookiesOf(browser) },
      });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.close();
      await app.close();
    },
  };
}

/** As browsers do, a client connects anew with the cookies that there are by then. */
export function useCookies(client: Client, browser: Browser): void {
  Object.assign(client.io.opts, { extraHeaders: { cookie: cookiesOf(browser) } });
}

/** Posts JSON, as a page of the site does. */
export function post(browser: Browser, path: string, body: object = {}): ReturnType<Browser['ask']> {
  const headers = { 'content-type': 'application/json' };
  return browser.ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** The first time that a client hears of something. */
export function heard(client: Client, event: 'connect' | 'connect_error' | 'disconnect'): Promise<unknown> {
  return new Promise((resolve) => client.once(event as 'connect', resolve as () => void));
}

function cookiesOf(browser: Browser): string {
  return [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}

function fieldsOf(session: AnySession | undefined): unknown {
  return session === undefined ? 'none' : { ...session, cookie: undefined };
}

/** How something ends, in words. */
async function told(work: () => Promise<void>): Promise<string> {
  try {
    await work();
    return 'done';
  } catch (error) {
    return (error as Error).message;
  }
}
