import { Controller, Get, Logger, NotFoundException, Req, Res } from '@nestjs/common';
import { Cacheable } from 'nestjs-redis-cache';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { send } from './http-client.js';
import { startModuleApp, type ModuleApp } from './module-app.js';
import { platforms } from './response-app.js';
import type { AnyRequest, AnyResponse } from './routes.js';

const languageOf = ({ headers }: AnyRequest) => ({ language: headers['accept-language'] ?? null });

@Controller()
class PagesController {
  @Get('unkeyed')
  @Cacheable()
  unkeyed(@Req() request: AnyRequest) {
    return languageOf(request);
  }

  @Get('named')
  @Cacheable()
  named(@Req() request: AnyRequest, @Res({ passthrough: true }) response: AnyResponse) {
    response.header('Vary', 'Accept-Language');
    return languageOf(request);
  }

  @Get('missing')
  @Cacheable()
  missing(@Req() request: AnyRequest) {
    throw new NotFoundException(languageOf(request));
  }

  @Get('silent')
  @Cacheable({ response: { respectHeaders: true } })
  silent() {
    return {};
  }

  @Get('mine')
  @Cacheable({ response: { varyByUser: () => 'ann' } })
  mine() {
    return {};
  }
}

describe.each(platforms)('what handlers read on %s', (platform) => {
  let app: ModuleApp;
  let said: unknown[];

  beforeEach(async () => {
    app = await startModuleApp({ platform, controllers: [PagesController], http: { cacheStatus: true } });
    said = [];
    for (const level of ['warn', 'log'] as const) {
      vi.spyOn(Logger.prototype, level).mockImplementation((line: unknown) => void said.push(line));
    }
  });

  afterEach(async () => {
    await app.close();
    vi.restoreAllMocks();
  });

  async function ask(path: string, language: string) {
    const reply = await send(app.url, path, { headers: { 'Accept-Language': language } });
    await app.drain();
    return reply;
  }

  it('is told once where a response is stored all the same', async () => {
    await ask('/unkeyed', 'de');
    expect((await ask('/unkeyed', 'fr')).text).toBe('{"language":"de"}');
    expect(said).toEqual([
      'PagesController.unkeyed reads the header accept-language, which is not part of the key: everybody may get what one request made. Put it into response.vary, or do not read it.',
    ]);
  });

  it('is not told where the response names it in Vary', async () => {
    await ask('/named', 'de');
    expect((await ask('/named', 'fr')).text).toBe('{"language":"fr"}');
    expect((await ask('/named', 'de')).headers['cache-status']).toContain('hit');
    expect(said).toEqual([]);
  });

  it('is not told of what is not stored', async () => {
    await ask('/missing', 'de');
    expect(said).toEqual([]);
  });

  it('a response that is driven by headers and has none is not called stored', async () => {
    const { headers } = await ask('/silent', 'de');
    expect(headers['cache-status']).toBe('nestjs-redis-cache; fwd=uri-miss');
    expect(said).toEqual([
      'A response of PagesController.silent was not stored: it does not say for how long it is fresh.',
    ]);
  });

  it('a hit spells Cache-Control as the first response did', async () => {
    const spelled = async () =>
      (await ask('/mine', 'de')).rawHeaders.filter((name) => name.toLowerCase() === 'cache-control');
    const first = await spelled();
    expect(first).toHaveLength(1);
    expect(await spelled()).toEqual(first);
  });
});
