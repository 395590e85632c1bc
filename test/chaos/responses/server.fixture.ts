// A process that serves pages as the applications of site.ts do. Its handlers wait until it is told to let them go on, and
// it says what they run.
import { Controller, Get, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { Cacheable, RedisCacheModule } from 'nestjs-redis-cache';

const [platform, connection = ''] = process.argv.slice(2);

const say = (message: object): void => void process.send?.(message);

let release!: () => void;
let held: Promise<void> | undefined = new Promise((resolve) => (release = resolve));
let runs = 0;

async function run(path: string): Promise<object> {
  const page = { path, version: 0, run: (runs += 1), text: 'page'.repeat(100) };
  say({ runs: path });
  await held;
  return page;
}

@Controller('pages')
class Pages {
  @Get('news')
  @Cacheable({ ttl: 1, response: { stale: { revalidate: '1h' }, wait: '10m' } })
  news() {
    return runs === 0 ? { run: (runs += 1) } : run('/pages/news');
  }

  @Get(':id')
  @Cacheable({ ttl: '5m', response: { wait: '10m' } })
  show(@Param('id') id: string) {
    return run(`/pages/${id}`);
  }
}

const app = await NestFactory.create<NestExpressApplication & NestFastifyApplication>(
  {
    module: class Root {},
    imports: [
      RedisCacheModule.forRoot({ connection: { url: connection, deadline: 5_000 }, keyPrefix: 'site' }),
    ],
    controllers: [Pages],
  },
  platform === 'express' ? new ExpressAdapter() : new FastifyAdapter({ forceCloseConnections: true }),
  { logger: false, forceCloseConnections: true },
);
await app.listen(0, '127.0.0.1');

process.on('message', (order: 'release' | 'close') => {
  if (order === 'release') {
    held = undefined;
    release();
    return;
  }
  const closing = app.close();
  say({ closing: true });
  void closing.then(() => {
    say({ closed: true });
    // What still is open keeps the process alive now.
    process.off('disconnect', exit);
    process.disconnect();
  });
});
// So that a test which fails leaves no process behind.
const exit = (): never => process.exit(3);
process.on('disconnect', exit);
say({ url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}` });
