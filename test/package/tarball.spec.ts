import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { packedProject, type PackedProject } from '../support/packed-project.js';

/** Every name that the package exports at run time. Adding one is a decision; removing one breaks its users. */
const NAMES = {
  'nestjs-redis-cache': [
    ...['RedisCacheModule', 'CacheRegistry', 'NamedCache', 'ResponseCacheInterceptor', 'EVENT_CHANNEL'],
    ...['NoCache', 'ResponseCache', 'ResponseCacheContext', 'ResponseCacheCtx'],
    ...['InjectCache', 'InjectRedis', 'getCacheToken', 'getRedisToken'],
    ...['Cacheable', 'CacheEvict', 'CachePut', 'defineKey'],
    ...['brotli', 'gzip', 'zstd', 'fromCacheManager', 'plainJsonStore'],
    ...['RedisCacheError', 'InvalidOptionsError', 'UnknownCacheError', 'RedisUnavailableError'],
    ...['NotANumberError', 'PayloadTooLargeError', 'SerializationError'],
    ...['LoadTimeoutError', 'LockTimeoutError', 'LockLostError'],
    ...['RedisSessionStore', 'SessionService', 'SessionGoneError', 'SESSION_MIDDLEWARE'],
  ],
  'nestjs-redis-cache/testing': [
    ...['storeConformance', 'storeCoherence', 'cacheConformance', 'lockConformance', 'openCaches'],
    'sessionStoreConformance',
    ...['FakeClock', 'FaultyStore', 'RecordingReporter'],
  ],
};

// A build and an install on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000 });

const print = 'console.log(JSON.stringify(Object.keys(entry).filter((name) => name !== "module.exports")))';

describe('the packed library, installed into an empty project', () => {
  let project: PackedProject;

  beforeAll(async () => {
    project = await packedProject();
  }, 300_000);

  afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

  it('holds the build, the documents and nothing else', () => {
    const unexpected = project.files.filter(
      (file) =>
        !/^(dist\/.+\.(js|js\.map|d\.ts)|package\.json|README\.md|LICENSE|CHANGELOG\.md|llms\.txt)$/.test(
          file,
        ),
    );
    expect(unexpected).toEqual([]);
    expect(project.files).toEqual(
      expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'LICENSE', 'README.md']),
    );
  });

  describe.each(Object.entries(NAMES))('%s', (entry, names) => {
    const byImport = `import 'reflect-metadata'; import * as entry from '${entry}'; ${print}`;
    const byRequire = `require('reflect-metadata'); const entry = require('${entry}'); ${print}`;

    it('is loaded by import', async () => {
      expect(new Set(JSON.parse(await project.node('load.mjs', byImport)))).toEqual(new Set(names));
    });

    it('is loaded by require()', async () => {
      expect(new Set(JSON.parse(await project.node('load.cjs', byRequire)))).toEqual(new Set(names));
    });
  });

  it('nestjs-redis-cache/socket-io needs its peer, and nothing else does', async () => {
    const load = `import 'reflect-metadata'; import * as entry from 'nestjs-redis-cache/socket-io'; ${print}`;
    await expect(project.node('socket.mjs', load)).rejects.toThrow(
      "Cannot find package '@nestjs/platform-socket.io'",
    );
    project.link('@nestjs/platform-socket.io');
    expect(JSON.parse(await project.node('socket.mjs', load))).toEqual(['SessionIoAdapter']);
    const text = `import 'reflect-metadata';
      import { NestFactory } from '@nestjs/core';
      import { SessionIoAdapter } from 'nestjs-redis-cache/socket-io';
      const started = NestFactory.create(class App {}).then((app) =>
        app.useWebSocketAdapter(new SessionIoAdapter(app)),
      );
      // @ts-expect-error: only if the class has types does this fail
      export const used: unknown[] = [started, new SessionIoAdapter(1)];
    `;
    const files = { 'socket.mts': text, 'socket.cts': text };
    expect(await project.typecheck(files, { module: 'nodenext', experimentalDecorators: true })).toBe('');
    const older = { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' };
    expect(await project.typecheck({ 'socket.ts': text }, { ...older, skipLibCheck: true })).toBe('');
  }, 300_000);

  it('has types for an ES module and for CommonJS', async () => {
    const text = `import 'reflect-metadata';
      import { Module } from '@nestjs/common';
      import { Cacheable, InjectCache, NamedCache, RedisCacheModule } from 'nestjs-redis-cache';
      import * as testing from 'nestjs-redis-cache/testing';
      class Cities {
        constructor(@InjectCache('cities') private readonly cities: NamedCache) {}
        @Cacheable({ cache: 'cities', key: (id: number) => String(id) })
        async one(id: number): Promise<string | undefined> { return this.cities.get<string>(String(id)); }
      }
      @Module({ imports: [RedisCacheModule.forRoot({ caches: { cities: { ttl: '1h' } } })], providers: [Cities] })
      class App {}
      // @ts-expect-error: only if the options have types does this fail
      RedisCacheModule.forRoot({ nonsense: 1 });
      export const used: unknown[] = [App, testing];
    `;
    const options = { module: 'nodenext', experimentalDecorators: true, emitDecoratorMetadata: true };
    const files = { 'good.mts': text, 'good.cts': text };
    expect(await project.typecheck(files, options)).toBe('');
  }, 300_000);

  it('has types for the older resolution that reads no exports', async () => {
    const text = `import { RedisCacheModule } from 'nestjs-redis-cache';
      import { FakeClock } from 'nestjs-redis-cache/testing';
      export const used: unknown[] = [RedisCacheModule.forRoot({ ttl: '1h' }), new FakeClock()];
      // @ts-expect-error: only if the options have types does this fail
      RedisCacheModule.forRoot({ nonsense: 1 });
    `;
    const options = {
      ...{ module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' },
      ...{ experimentalDecorators: true, skipLibCheck: true },
    };
    expect(await project.typecheck({ 'older.ts': text }, options)).toBe('');
  }, 300_000);
});
