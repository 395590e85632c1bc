import {
  Controller,
  Get,
  Header,
  Headers,
  Logger,
  Req,
  VERSION_NEUTRAL,
  Version,
  VersioningType,
  type VersioningOptions,
} from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cacheable } from 'nestjs-redis-cache';
import type { ResponseCacheOptions } from '../../../../src/di/response-options.js';
import { platforms } from '../response-app.js';
import type { AnyRequest } from '../routes.js';
import { cacheSays, neighbours, varies } from './neighbours.js';

const runs = { one: 0, two: 0, several: 0, neutral: 0, plain: 0, reading: 0, given: 0 };

@Controller('pages')
class PageController {
  @Get()
  @Version('1')
  @Cacheable({ ttl: '1m' })
  one() {
    return `one ${(runs.one += 1)}`;
  }

  @Get()
  @Version('2')
  @Cacheable({ ttl: '1m' })
  two() {
    return `two ${(runs.two += 1)}`;
  }

  @Get('several')
  @Version(['1', '2'])
  @Cacheable({ ttl: '1m' })
  several() {
    return `several ${(runs.several += 1)}`;
  }

  @Get('translated')
  @Version('1')
  @Header('Vary', 'Accept-Language')
  @Cacheable({ ttl: '1m' })
  translated() {
    return 'translated';
  }

  @Get('neutral')
  @Version(VERSION_NEUTRAL)
  @Cacheable({ ttl: '1m' })
  neutral() {
    return `neutral ${(runs.neutral += 1)}`;
  }
}

/** The versions of a URL may stand in classes of one name, with methods of one name. */
function namesake(version: string) {
  @Controller({ path: 'namesakes', version })
  class Namesake {
    @Get()
    @Cacheable({ ttl: '1m', key: 'fixed' })
    page() {
      return `version ${version}`;
    }
  }
  return Namesake;
}

interface Kind {
  readonly name: string;
  readonly versioning: VersioningOptions;
  /** How a request asks for a version. */
  readonly ask: (path: string, version: string) => [string, Record<string, string>];
  /** The header that names it, where Nest knows which that is. */
  readonly header?: string;
}

const KINDS: Kind[] = [
  {
    name: 'URI',
    versioning: { type: VersioningType.URI },
    ask: (path, version) => [`/v${version}${path}`, {}],
  },
  {
    name: 'header',
    versioning: { type: VersioningType.HEADER, header: 'X-Version' },
    ask: (path, version) => [path, { 'X-Version': version }],
    header: 'x-version',
  },
  {
    name: 'media type',
    versioning: { type: VersioningType.MEDIA_TYPE, key: 'v=' },
    ask: (path, version) => [path, { Accept: `application/json;v=${version}` }],
    header: 'accept',
  },
  {
    name: 'function',
    versioning: {
      type: VersioningType.CUSTOM,
      extractor: (request: unknown) => [String((request as AnyRequest).headers['x-any'])],
    },
    ask: (path, version) => [path, { 'X-Any': version }],
  },
];

describe.each(platforms)('versions on %s', (platform) => {
  const { start, ask } = neighbours(platform);
  afterEach(() => vi.restoreAllMocks());

  describe.each(KINDS)('by $name', ({ versioning, ask: asks, header }) => {
    async function startVersioned(http: ResponseCacheOptions = {}) {
      for (const name of Object.keys(runs)) runs[name as keyof typeof runs] = 0;
      return start({
        http,
        controllers: [PageController, namesake('1'), namesake('2')],
        prepare: (app) => app.enableVersioning(versioning),
      });
    }

    it.each([{}, { strict: true }])('of a URL are never mixed, on hits either, with %j', async (http) => {
      await startVersioned(http);
      for (const said of ['fwd=uri-miss; stored', 'hit']) {
        for (const [version, text] of [
          ['1', 'one 1'],
          ['2', 'two 1'],
        ] as const) {
          const reply = await ask(...asks('/pages', version));
          expect([cacheSays(reply), reply.text]).toEqual([said, text]);
        }
      }
    });

    it('that one handler serves are kept apart', async () => {
      await startVersioned();
      for (const said of ['fwd=uri-miss; stored', 'hit']) {
        for (const version of ['1', '2']) {
          const reply = await ask(...asks('/pages/several', version));
          expect([cacheSays(reply), reply.text]).toEqual([said, `several ${version}`]);
        }
      }
    });

    it('in classes of one name are kept apart, whatever their key', async () => {
      await startVersioned();
      for (const said of ['fwd=uri-miss; stored', 'hit']) {
        for (const version of ['1', '2']) {
          const reply = await ask(...asks('/namesakes', version));
          expect([cacheSays(reply), reply.text]).toEqual([said, `version ${version}`]);
        }
      }
    });

    it('that do not exist are not found, before and after those that do', async () => {
      await startVersioned();
      for (let round = 0; round < 2; round += 1) {
        const reply = await ask(...asks('/pages', '3'));
        expect([reply.status, cacheSays(reply)]).toEqual([404, 'nothing']);
        expect((await ask(...asks('/pages', '1'))).text).toBe('one 1');
      }
    });

    it('are named in Vary where a header asks for them, beside what the handler names', async () => {
      await startVersioned();
      const own = header === undefined ? [] : [header];
      for (const said of ['fwd=uri-miss; stored', 'hit']) {
        const reply = await ask(...asks('/pages', '1'));
        expect([cacheSays(reply), varies(reply)]).toEqual([said, own]);
        const translated = await ask(...asks('/pages/translated', '1'));
        expect(cacheSays(translated)).toBe(said);
        expect(varies(translated)).toEqual([...own, 'accept-language'].toSorted());
      }
    });
  });

  it('a route without a version is the same for all, and its clients are kept apart all the same', async () => {
    runs.neutral = 0;
    await start({
      controllers: [PageController],
      prepare: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' }),
    });
    expect((await ask('/pages/neutral')).text).toBe('neutral 1');
    expect((await ask('/pages/neutral', { 'X-Version': '7' })).text).toBe('neutral 2');
    expect(cacheSays(await ask('/pages/neutral'))).toBe('hit');
  });

  it.each([
    ['reading', 'a handler that reads it'],
    ['given', 'a handler that is given it'],
  ])(
    'the header of the version is part of the key: %s is stored, strict or not, without a word',
    async (path) => {
      const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
      const log = vi.spyOn(Logger.prototype, 'log').mockImplementation(() => {});
      for (const http of [{}, { strict: true }]) {
        await start({
          http,
          controllers: [ReadingController],
          prepare: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' }),
        });
        for (const said of ['fwd=uri-miss; stored', 'hit']) {
          for (const version of ['1', '2']) {
            const reply = await ask(`/${path}`, { 'X-Version': version });
            expect([cacheSays(reply), reply.text]).toEqual([said, `version ${version}`]);
          }
        }
      }
      expect(warn.mock.calls.flat().join('\n')).not.toContain('x-version');
      expect(log.mock.calls.flat().join('\n')).not.toContain('not stored');
    },
  );

  it('Accept is part of the key where media types name versions, and only there', async () => {
    vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    vi.spyOn(Logger.prototype, 'log').mockImplementation(() => {});
    for (const [versioning, said] of [
      [{ type: VersioningType.MEDIA_TYPE, key: 'v=' } as const, 'hit'],
      [{ type: VersioningType.HEADER, header: 'X-Version' } as const, 'fwd=uri-miss'],
    ] as const) {
      await start({
        http: { strict: true },
        controllers: [ReadingController],
        prepare: (app) => app.enableVersioning(versioning),
      });
      const headers = { 'X-Version': '1', Accept: 'text/plain;v=1' };
      await ask('/accept', headers);
      const reply = await ask('/accept', headers);
      expect([cacheSays(reply), reply.text]).toEqual([said, 'text/plain;v=1']);
    }
  });
});

@Controller({ version: ['1', '2'] })
class ReadingController {
  @Get('reading')
  @Cacheable({ ttl: '1m' })
  reading(@Req() { headers }: AnyRequest) {
    return `version ${String(headers['x-version'])}`;
  }

  @Get('given')
  @Cacheable({ ttl: '1m' })
  given(@Headers('X-Version') version: string) {
    return `version ${version}`;
  }

  @Get('accept')
  @Cacheable({ ttl: '1m' })
  accept(@Req() { headers }: AnyRequest) {
    return String(headers.accept);
  }
}
