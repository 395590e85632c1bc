import fastifyHelmet from '@fastify/helmet';
import { Controller, Get, Header, Logger, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import helmet from 'helmet';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cacheable } from 'nestjs-redis-cache';
import type { RawReply } from '../http-client.js';
import type { AnyApplication } from '../module-app.js';
import { platforms, type Platform } from '../response-app.js';
import type { AnyResponse } from '../routes.js';
import { cacheSays, neighbours } from './neighbours.js';

/** Where helmet's nonce of this request stands, on Express and on Fastify. */
interface WithNonce extends AnyResponse {
  readonly locals?: { readonly nonce: string };
  readonly cspNonce?: { readonly script: string };
}

function nonceOf({ locals, cspNonce }: WithNonce): string {
  return locals?.nonce ?? cspNonce?.script ?? '';
}

let runs = 0;

@Controller()
class PageController {
  @Get('plain')
  @Header('Content-Type', 'text/html')
  @Cacheable({ ttl: '1m' })
  plain() {
    return `<p>${(runs += 1)}</p>`;
  }

  @Get('scripted')
  @Header('Content-Type', 'text/html')
  @Cacheable({ ttl: '1m' })
  scripted(@Res({ passthrough: true }) response: WithNonce) {
    return `<script nonce="${nonceOf(response)}">run(${(runs += 1)})</script>`;
  }

  @Get('escaped')
  @Header('Content-Type', 'text/html')
  @Cacheable({ ttl: '1m' })
  escaped(@Res({ passthrough: true }) response: WithNonce) {
    const nonce = nonceOf(response).replaceAll('=', '&#x3D;');
    return `<script nonce="${nonce}">run(${(runs += 1)})</script>`;
  }

  @Get('own')
  @Header('Content-Type', 'text/html')
  @Cacheable({ ttl: '1m' })
  own(@Res({ passthrough: true }) response: AnyResponse) {
    const nonce = randomBytes(16).toString('base64');
    response.header('Content-Security-Policy', `script-src 'nonce-${nonce}'`);
    return `<p>${(runs += 1)}</p>`;
  }

  @Get('late')
  @Cacheable({ ttl: '1m' })
  late(@Res({ passthrough: true }) response: AnyResponse) {
    return `${(runs += 1)} ${String(Reflect.get(response.raw ?? response, 'late'))}`;
  }

  @Get('stricter')
  @Header('Content-Security-Policy', "default-src 'none'")
  @Cacheable({ ttl: '1m' })
  stricter() {
    return { run: (runs += 1) };
  }

  @Get('headers')
  @Cacheable({ ttl: '1m', response: { respectHeaders: true } })
  headers(@Res({ passthrough: true }) response: WithNonce) {
    response.header('Cache-Control', 'public, max-age=60');
    return `${(runs += 1)} ${nonceOf(response)}`;
  }
}

/** As helmet's own documentation has it. */
async function useHelmet(app: AnyApplication, platform: Platform, reportOnly: boolean): Promise<void> {
  const directives = { 'default-src': ["'self'"], 'script-src': ["'self'"] };
  if (platform === 'fastify') {
    const contentSecurityPolicy = { directives, reportOnly };
    await (app as NestFastifyApplication).register(fastifyHelmet, {
      enableCSPNonces: true,
      contentSecurityPolicy,
    });
    return;
  }
  app.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
    Object.assign((response as unknown as { locals: object }).locals, {
      nonce: randomBytes(16).toString('base64'),
    });
    next();
  });
  const ofThisOne = (_request: unknown, response: unknown) => `'nonce-${nonceOf(response as WithNonce)}'`;
  const scripts = [...directives['script-src'], ofThisOne];
  app.use(
    helmet({ contentSecurityPolicy: { directives: { ...directives, 'script-src': scripts }, reportOnly } }),
  );
}

function sentNonce({ headers }: RawReply): string | undefined {
  const policy = headers['content-security-policy'] ?? headers['content-security-policy-report-only'];
  return /script-src[^;]*'nonce-([^']+)'/.exec(String(policy))?.[1];
}

describe.each(platforms)('beside helmet on %s', (platform) => {
  const { start, ask, stored } = neighbours(platform);
  afterEach(() => vi.restoreAllMocks());

  async function startHelmet({ reportOnly = false } = {}) {
    runs = 0;
    await start({ controllers: [PageController], prepare: (app) => useHelmet(app, platform, reportOnly) });
  }

  it.each([false, true])('every hit has a nonce of its own (report only: %s)', async (reportOnly) => {
    await startHelmet({ reportOnly });
    const replies: RawReply[] = [];
    for (let round = 0; round < 4; round += 1) replies.push(await ask('/plain'));
    expect(replies.map(cacheSays)).toEqual(['fwd=uri-miss; stored', 'hit', 'hit', 'hit']);
    const nonces = replies.map(sentNonce);
    for (const nonce of nonces) expect(nonce).toMatch(/^[\w+/=]{20,}$/);
    expect(new Set(nonces).size).toBe(4);
    const bytes = (await stored()).toString('latin1');
    expect(bytes).toContain('<p>1</p>');
    expect(bytes).not.toMatch(/nonce-|content-security-policy|x-frame-options/i);
    for (const name of ['x-frame-options', 'strict-transport-security', 'x-content-type-options']) {
      expect(replies[1]?.headers[name]).toBe(replies[0]?.headers[name]);
      expect(replies[1]?.headers).toHaveProperty(name);
    }
  });

  it('a 304 has a nonce of its own, too', async () => {
    await startHelmet();
    const miss = await ask('/plain');
    const reply = await ask('/plain', { 'If-None-Match': String(miss.headers.etag) });
    expect([reply.status, cacheSays(reply)]).toEqual([304, 'hit']);
    expect(sentNonce(reply)).toMatch(/./);
    expect(sentNonce(reply)).not.toBe(sentNonce(miss));
  });

  it.each(['scripted', 'escaped', 'headers'])(
    'a page with the nonce in its body (%s) is for its own request, and the log says why',
    async (path) => {
      const log = vi.spyOn(Logger.prototype, 'log').mockImplementation(() => {});
      await startHelmet();
      for (const run of [1, 2]) {
        const reply = await ask(`/${path}`);
        expect(cacheSays(reply)).toBe('fwd=uri-miss');
        expect(reply.text).toContain(String(run));
        expect(reply.text.replaceAll('&#x3D;', '=')).toContain(String(sentNonce(reply)));
        expect((await stored()).includes('nonce=')).toBe(false);
      }
      expect(log.mock.calls.flat().join('\n')).toContain(
        `A response of PageController.${path} was not stored: its body holds the nonce of Content-Security-Policy.`,
      );
    },
  );

  it('a page with the nonce of a policy that is set while the head is written is for its own request', async () => {
    runs = 0;
    await start({
      controllers: [PageController],
      prepare: (app) =>
        app.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
          const nonce = randomBytes(16).toString('hex');
          Object.assign(response, { late: nonce });
          const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse;
          response.writeHead = (...args: unknown[]) => {
            response.setHeader('Content-Security-Policy', `script-src 'nonce-${nonce}'`);
            return writeHead(...args);
          };
          next();
        }),
    });
    for (const run of [1, 2]) {
      const reply = await ask('/late');
      expect(reply.text).toBe(`${run} ${sentNonce(reply)}`);
    }
    await ask('/plain');
    expect(cacheSays(await ask('/plain'))).toBe('hit');
  });

  it('a policy with a nonce that the handler made is not replayed', async () => {
    await startHelmet();
    const [first, second] = [await ask('/own'), await ask('/own')];
    expect([cacheSays(first), cacheSays(second), runs]).toEqual(['fwd=uri-miss', 'fwd=uri-miss', 2]);
    expect(sentNonce(second)).not.toBe(sentNonce(first));
  });

  it("a handler's own policy without one stands on hits in the place of helmet's", async () => {
    await startHelmet();
    await ask('/stricter');
    const hit = await ask('/stricter');
    expect([cacheSays(hit), hit.text]).toEqual(['hit', '{"run":1}']);
    expect(hit.headers['content-security-policy']).toBe("default-src 'none'");
    expect(hit.headers).toHaveProperty('x-frame-options');
  });
});
