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
console.log(describeHints(await app.getUrl(), app.get(CitiesRepository).count, redisUrl));
