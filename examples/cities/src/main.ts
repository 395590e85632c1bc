import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { CitiesRepository } from './cities/cities.repository.js';
import { describeHints } from './hints.js';
import { readSettings } from './settings.js';

const { host, port, platform, redisUrl } = readSettings(process.env);
const app = await NestFactory.create(
  AppModule,
  platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(),
);
app.enableShutdownHooks();
await app.listen(port, host);
const url = await app.getUrl();
console.log(describeHints(url, app.get(CitiesRepository).count, redisUrl));

// Where two-processes.ts has started this one: it is told the address, and its end is the end of this process.
process.send?.(url);
process.once('disconnect', () => void app.close());
