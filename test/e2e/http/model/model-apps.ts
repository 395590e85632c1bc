import type { ExecutionContext } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { ResponseCache } from '../../../../src/http/invalidation/response-cache.service.js';
import { startRedis } from '../../../support/redis-server.js';
import { startModuleApp, type ModuleApp } from '../module-app.js';
import type { Platform } from '../response-app.js';
import type { AnyRequest } from '../routes.js';
import { modelControllers, type Answered } from './model-controller.js';
import type { InvalidationAction } from './app-program.js';
import type { AppRoute } from './model-routes.js';
import { virtualTime, type VirtualTime } from './virtual-time.js';

/** Two applications, one per platform, that share their responses. */
export interface ModelApps {
  readonly urls: readonly string[];
  readonly time: VirtualTime;
  /** Waits until all that is to be stored is stored. */
  settle(): Promise<void>;
  invalidate(action: InvalidationAction, route: AppRoute, id: string): Promise<void>;
  close(): Promise<void>;
}

/** What requests come upon. */
export interface ModelWorld {
  /** Runs the handler of a request, named by its `X-Ask`. */
  run(ask: number, request: AnyRequest): Answered;
  /** Whether middleware sets a cookie when the head of the response is written. */
  setsLate(ask: number): boolean;
  /** The response is over. */
  closed(ask: number): void;
}

/** Starts them. `remembering` = those that have a memory in front of Redis. */
export async function startModelApps(
  world: ModelWorld,
  remembering: readonly Platform[],
): Promise<ModelApps> {
  const redis = await startRedis();
  const time = virtualTime();
  const started: { app: ModuleApp; controllers: ReturnType<typeof modelControllers> }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(started.map(({ app }) => app.close()));
    time.restore();
    await redis.stop();
  };
  try {
    for (const platform of ['express', 'fastify'] as const) {
      started.push(await startOne(world, platform, redis.url, remembering.includes(platform)));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    urls: started.map(({ app }) => app.url),
    time,
    settle: async () => void (await Promise.all(started.map(({ app }) => app.drain()))),
    async invalidate({ app: index, what }, route, id) {
      const one = started[index];
      const controller = one?.controllers.get(route);
      if (one === undefined || controller === undefined) throw new Error('There is no such route.');
      const responses = one.app.app.get(ResponseCache);
      if (what === 'url') await responses.invalidateUrl(`/${route.name}/${id}?any`);
      else if (what === 'tag') await responses.invalidateTags(`item:${id}`);
      else await responses.invalidateRoute(controller, 'find', what === 'route' ? undefined : { id });
    },
    close,
  };
}

async function startOne(world: ModelWorld, platform: Platform, redis: string, remembers: boolean) {
  const asks = new WeakMap<object, number>();
  const controllers = modelControllers((request) => world.run(asks.get(request) ?? -1, request));
  const app = await startModuleApp({
    platform,
    controllers: [...controllers.values()],
    redis,
    keyPrefix: 'model',
    caches: { default: { ttl: '5m', jitter: 0, ...(remembers && { memory: {} }) } },
    prepare: (nest) => nest.useGlobalGuards({ canActivate: (context) => admit(world, asks, context) }),
  });
  return { app, controllers };
}

/** Stands for whatever is in front of the cache: says who is asking, and which request it is. */
function admit(world: ModelWorld, asks: WeakMap<object, number>, context: ExecutionContext): true {
  const http = context.switchToHttp();
  const request = http.getRequest<AnyRequest & { session?: unknown }>();
  const response = http.getResponse<ServerResponse & { readonly raw?: ServerResponse }>();
  const raw = response.raw ?? response;
  const ask = Number(request.headers['x-ask']);
  asks.set(request, ask);
  const user = request.headers['x-user'];
  if (user !== undefined) request.user = { id: user };
  if (request.headers['x-session'] !== undefined) request.session = { cookie: {}, cart: 1 };
  raw.once('close', () => world.closed(ask));
  if (world.setsLate(ask)) setLate(raw, ask);
  return true;
}

function setLate(raw: ServerResponse, ask: number): void {
  const writeHead = raw.writeHead.bind(raw) as (...args: unknown[]) => ServerResponse;
  raw.writeHead = (...args: unknown[]) => {
    raw.setHeader('Set-Cookie', `late=${ask}`);
    return writeHead(...args);
  };
}
