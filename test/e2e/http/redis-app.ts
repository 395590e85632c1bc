import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { ResponseStorage } from '../../../src/http/engine/response-storage.js';
import type { RedisCacheModuleOptions } from '../../../src/module/module-options.js';
import { RedisCacheModule } from '../../../src/module/redis-cache.module.js';
import type { Platform } from './response-app.js';

/** A whole application: the module as users import it. */
export async function startWholeApp(
  platform: Platform,
  options: RedisCacheModuleOptions,
  controllers: Type[],
) {
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create<NestExpressApplication & NestFastifyApplication>(
    { module: class Root {}, imports: [RedisCacheModule.forRoot(options)], controllers },
    adapter,
    { logger: false, forceCloseConnections: true },
  );
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${port}`, storage: app.get(ResponseStorage) };
}
