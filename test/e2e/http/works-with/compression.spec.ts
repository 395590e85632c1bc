import fastifyCompress from '@fastify/compress';
import { Controller, Get, Header } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import compression from 'compression';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Cacheable } from 'nestjs-redis-cache';
import { comparable, type RawReply } from '../http-client.js';
import type { AnyApplication } from '../module-app.js';
import { platforms } from '../response-app.js';
import { cacheSays, neighbours, varies } from './neighbours.js';

const TEXT = 'How it was, and is, and will be. '.repeat(500);
let runs = 0;

@Controller()
class PageController {
  @Get('text')
  @Cacheable({ ttl: '1m' })
  text() {
    return `${(runs += 1)} ${TEXT}`;
  }

  @Get('bare')
  bare() {
    return `1 ${TEXT}`;
  }

  @Get('json')
  @Cacheable({ ttl: '1m' })
  json() {
    return { run: (runs += 1), TEXT };
  }

  @Get('translated')
  @Header('Vary', 'Accept-Language')
  @Cacheable({ ttl: '1m' })
  translated() {
    return `${(runs += 1)} ${TEXT}`;
  }

  @Get('small')
  @Cacheable({ ttl: '1m' })
  small() {
    return `${(runs += 1)} small`;
  }

  @Get('image')
  @Header('Content-Type', 'image/svg')
  @Cacheable({ ttl: '1m' })
  image() {
    return `${(runs += 1)} ${TEXT}`;
  }
}

const CLIENTS = [
  { name: 'gzip', headers: { 'Accept-Encoding': 'gzip' }, coding: 'gzip' },
  { name: 'brotli', headers: { 'Accept-Encoding': 'br' }, coding: 'br' },
  { name: 'identity', headers: { 'Accept-Encoding': 'identity' }, coding: undefined },
  { name: 'plain', headers: {}, coding: undefined },
];

/** What a client reads of a reply. Its length and its coding have to be right. */
function decoded({ headers, body }: RawReply): string {
  const length = headers['content-length'];
  if (length !== undefined) expect(Number(length)).toBe(body.length);
  else expect(headers['transfer-encoding']).toBe('chunked');
  switch (headers['content-encoding']) {
    case 'gzip':
      return gunzipSync(body).toString();
    case 'br':
      return brotliDecompressSync(body).toString();
    default:
      return body.toString();
  }
}

describe.each(platforms)('beside compression on %s', (platform) => {
  const { start, ask, stored } = neighbours(platform);

  async function startCompressed() {
    runs = 0;
    return start({
      controllers: [PageController],
      prepare: async (app: AnyApplication) => {
        if (platform === 'express') app.use(compression());
        else await (app as NestFastifyApplication).register(fastifyCompress);
      },
    });
  }

  it.each(CLIENTS)('what a $name client fills, every client reads, in its own coding', async (filler) => {
    await startCompressed();
    for (const [path, content] of [
      ['/text', `1 ${TEXT}`],
      ['/json', JSON.stringify({ run: 2, TEXT })],
    ] as const) {
      const miss = await ask(path, filler.headers);
      expect(cacheSays(miss)).toBe('fwd=uri-miss; stored');
      expect(miss.headers['content-encoding']).toBe(filler.coding);
      expect(decoded(miss)).toBe(content);
      for (const client of CLIENTS) {
        const hit = await ask(path, client.headers);
        expect(cacheSays(hit)).toBe('hit');
        expect(hit.headers['content-encoding']).toBe(client.coding);
        expect(hit.headers['content-type']).toBe(miss.headers['content-type']);
        expect(hit.headers.etag).toBe(miss.headers.etag);
        expect(decoded(hit)).toBe(content);
        if (client.coding !== undefined) expect(varies(hit)).toEqual(['accept-encoding']);
      }
    }
  });

  it.each(CLIENTS)(
    'a $name client leaves plain bytes in Redis, and nothing of its coding',
    async (filler) => {
      await startCompressed();
      await ask('/text', filler.headers);
      const bytes = await stored();
      expect(bytes.includes(`1 ${TEXT}`)).toBe(true);
      expect(bytes.toString('latin1')).not.toMatch(/content-(?:encoding|length)|accept-encoding/i);
    },
  );

  it.each(CLIENTS)('a hit of a $name client is, field for field, what the miss was', async ({ headers }) => {
    await startCompressed();
    const miss = await ask('/text', headers);
    const hit = await ask('/text', headers);
    expect(cacheSays(hit)).toBe('hit');
    const ofTheCache = /^cache-status:/i;
    const fields = [miss, hit].map((reply) => comparable(reply).filter((field) => !ofTheCache.test(field)));
    expect(fields[1]).toEqual(fields[0]);
    expect(hit.body.equals(miss.body)).toBe(true);
  });

  it('Vary has the name of the handler and that of the coding', async () => {
    await startCompressed();
    const headers = { 'Accept-Encoding': 'gzip', 'Accept-Language': 'de' };
    const miss = await ask('/translated', headers);
    const hit = await ask('/translated', headers);
    expect(cacheSays(hit)).toBe('hit');
    for (const reply of [miss, hit]) expect(varies(reply)).toEqual(['accept-encoding', 'accept-language']);
    // The language selects what is stored, the coding does not.
    expect(cacheSays(await ask('/translated', { ...headers, 'Accept-Encoding': 'br' }))).toBe('hit');
    expect(decoded(await ask('/translated', { ...headers, 'Accept-Language': 'fr' }))).toBe(`2 ${TEXT}`);
  });

  it('a client that has it gets a 304, on a miss and on a hit, whatever coding it takes', async () => {
    await startCompressed();
    const tag = String((await ask('/text', { 'Accept-Encoding': 'gzip' })).headers.etag);
    expect(tag).toMatch(/^W\//);
    for (const { headers } of CLIENTS) {
      const reply = await ask('/text', { ...headers, 'If-None-Match': tag });
      expect(cacheSays(reply)).toBe('hit');
      expect([reply.status, reply.body.length]).toEqual([304, 0]);
      expect(reply.headers.etag).toBe(tag);
      for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) {
        expect(reply.headers).not.toHaveProperty(name);
      }
    }
    await startCompressed();
    const miss = await ask('/text', { 'Accept-Encoding': 'gzip', 'If-None-Match': tag });
    expect([miss.status, miss.body.length, cacheSays(miss)]).toEqual([304, 0, 'fwd=uri-miss; stored']);
    expect(decoded(await ask('/text', { 'Accept-Encoding': 'gzip' }))).toBe(`1 ${TEXT}`);
  });

  it.each(CLIENTS)('HEAD of a $name client is answered as if there were no cache', async ({ headers }) => {
    await startCompressed();
    await ask('/text', headers);
    const hit = await ask('/text', headers, 'HEAD');
    const bare = await ask('/bare', headers, 'HEAD');
    expect([cacheSays(hit), cacheSays(bare)]).toEqual(['hit', 'nothing']);
    expect([hit.status, hit.body.length, runs]).toEqual([200, 0, 1]);
    for (const name of ['content-length', 'content-type', 'content-encoding', 'transfer-encoding', 'vary']) {
      expect(hit.headers[name]).toBe(bare.headers[name]);
    }
  });

  it.each(['small', 'image'])(
    'what is not compressed, as the %s one, is not on a hit either',
    async (path) => {
      await startCompressed();
      const miss = await ask(`/${path}`, { 'Accept-Encoding': 'gzip' });
      const hit = await ask(`/${path}`, { 'Accept-Encoding': 'gzip' });
      expect([cacheSays(miss), cacheSays(hit)]).toEqual(['fwd=uri-miss; stored', 'hit']);
      expect(hit.headers).not.toHaveProperty('content-encoding');
      expect(decoded(hit)).toBe(decoded(miss));
      expect(hit.headers['content-length']).toBe(miss.headers['content-length']);
    },
  );
});
