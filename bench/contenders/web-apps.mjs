import KeyvRedis from '@keyv/redis';
import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { Controller, Get, Module, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Cacheable, RedisCacheModule } from 'nestjs-redis-cache';
import { ownVersion, packageVersion } from '../harness/environment.mjs';
import { sampleValue } from '../harness/sample-values.mjs';
import { TTL } from './contender.mjs';
import { decorate } from './decorate.mjs';

/**
 * An application that listens, with one route of 2 KB. `runs` counts the calls of its handler.
 *
 * @typedef {{ name: string, port: number, runs: () => number }} WebApp
 */

/** @typedef {'express' | 'fastify'} Platform */
/** @typedef {keyof typeof CACHES} CacheKind */

/** The path of the route. */
export const PATH = '/products/1';

const OURS = `nestjs-redis-cache ${ownVersion()}`;
const STOCK = `@nestjs/cache-manager ${packageVersion('@nestjs/cache-manager')}`;
const KEYV = `@keyv/redis ${packageVersion('@keyv/redis')} (client ${packageVersion('@redis/client', '@keyv/redis')})`;

/** What an application caches with, by name. */
const CACHES = {
  bare: () => ({ name: 'no cache', imports: [], decorators: [] }),
  oursInMemory: () => ({
    name: `${OURS} (store in memory)`,
    imports: [RedisCacheModule.forRoot({ caches: { pages: { store: 'memory', ttl: TTL } } })],
    decorators: [Cacheable({ cache: 'pages' })],
  }),
  oursWithMemory: (/** @type {string} */ url) => ({
    name: `${OURS} (memory in front of Redis)`,
    imports: [ownModule(`${url}/1`, { memory: {} })],
    decorators: [Cacheable({ cache: 'pages' })],
  }),
  oursOnRedis: (/** @type {string} */ url) => ({
    name: `${OURS} (Redis)`,
    imports: [ownModule(`${url}/2`, {})],
    decorators: [Cacheable({ cache: 'pages' })],
  }),
  stockInMemory: () => ({
    name: `${STOCK}, in memory`,
    imports: [CacheModule.register({ ttl: TTL })],
    decorators: [UseInterceptors(CacheInterceptor)],
  }),
  stockOnRedis: (/** @type {string} */ url) => ({
    name: `${STOCK}, ${KEYV}`,
    imports: [CacheModule.register({ ttl: TTL, stores: [new KeyvRedis(`${url}/3`)] })],
    decorators: [UseInterceptors(CacheInterceptor)],
  }),
};

/**
 * Starts an application.
 *
 * @param {Platform} platform
 * @param {CacheKind} cache
 * @param {string} url of Redis
 * @returns {Promise<WebApp>}
 */
export async function startWebApp(platform, cache, url) {
  const { name, imports, decorators } = CACHES[cache](url);
  const product = sampleValue(1, 2_048);
  let runs = 0;
  class ProductsController {
    find() {
      runs += 1;
      return product;
    }
  }
  class AppModule {}
  decorate(ProductsController, 'find', [Get(':id'), ...decorators]);
  Controller('products')(ProductsController);
  Module({ imports, controllers: [ProductsController] })(AppModule);
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(AppModule, adapter, { logger: false });
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer();
  // While others are measured its connections are idle.
  server.keepAliveTimeout = 0;
  const { port } = server.address();
  return { name, port, runs: () => runs };
}

/**
 * @param {string} url
 * @param {import('nestjs-redis-cache').CacheOptions} options
 */
function ownModule(url, options) {
  return RedisCacheModule.forRoot({
    connection: { url, connect: 'required' },
    caches: { pages: { ttl: TTL, ...options } },
  });
}
