import { Controller, Get, Req, VERSION_NEUTRAL, Version, VersioningType } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { counter, type AnyRequest } from '../routes.js';
import { appsOn, platforms, type Handler, type Visited } from './rule-app.js';

let runs = 0;

@Controller('versioned')
class VersionedController {
  @Get()
  @Version(['1', '2', VERSION_NEUTRAL])
  @Cacheable()
  any(@Req() { headers }: AnyRequest) {
    const version = headers['x-version'] ?? headers['x-any'] ?? /\d/.exec(headers.accept ?? '')?.[0];
    return `${String(version)} ${(runs += 1)}`;
  }
}

/** The same handler, on another controller. */
@Controller('other')
class OtherController {
  @Get(':a')
  @Cacheable({ key: 'fixed' })
  one() {
    return `other ${(runs += 1)}`;
  }
}

@Controller({ path: 'tenant', host: ':tenant.example.com' })
class TenantController {
  @Get()
  @Cacheable()
  tenant(@Req() { headers }: AnyRequest) {
    return headers.host;
  }
}

/** Whatever may be in the key, with the number of the run. */
function seen(): Handler {
  const run = counter();
  return ({ params, query }: Visited) => ({ ...run(), params, query });
}

describe('rule 9: what tells stored responses apart', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    it('path parameters, query and route, with what is written in them', async () => {
      const { visit } = await start({ 'one/:a/:b': seen(), 'two/:a': seen() });
      const paths = ['/one/a/bc', '/one/ab/c', '/one/A/bc', '/two/a', '/two/a?x', '/two/a?x=', '/two/a?x=1'];
      const more = ['/two/a?y=1', '/two/a?x=1&x=2', '/two/a?x=2&x=1', '/two/a?x=1%262', '/two/a?x=1+2'];
      const last = ['/two/a?x=1%2B2', '/two/a?X=1', '/two/%C3%A9'];
      const texts = new Map<string, string>();
      for (const path of [...paths, ...more, ...last]) texts.set(path, (await visit(path)).text);
      expect(new Set(texts.values()).size).toBe(texts.size);
      for (const [path, text] of texts) expect([path, (await visit(path)).text]).toEqual([path, text]);
    });

    it('the order of parameters of other names does not matter', async () => {
      const { visit } = await start(counter());
      await visit('/page?b=2&a=1&a=0');
      expect((await visit('/page?a=1&a=0&b=2')).text).toBe('{"run":1}');
    });

    it('of the query, only the parameters that the route lists, where it lists some', async () => {
      const { visit } = await start(counter(), { cacheable: { response: { query: ['page', 'filter'] } } });
      await visit('/page?page=1&utm=a');
      expect((await visit('/page?utm=b&page=1')).text).toBe('{"run":1}');
      expect((await visit('/page?page=2')).text).toBe('{"run":2}');
      expect((await visit('/page?page=1&filter[a]=1')).text).toBe('{"run":3}');
      expect((await visit('/page?page=1&filter[a]=2')).text).toBe('{"run":4}');
    });

    it('nor is a response stored that is made of a parameter which the route does not list', async () => {
      const listing = { cacheable: { response: { query: ['page', 'filter'] } } };
      const echo =
        (read: (query: Record<string, unknown>) => unknown): Handler =>
        ({ query }) => ({ read: read(query) ?? null });
      const language = await start(
        echo(({ lang }) => lang),
        listing,
      );
      expect((await language.visit('/page?page=1&lang=de')).text).toBe('{"read":"de"}');
      expect((await language.visit('/page?page=1')).text).toBe('{"read":null}');
      expect((await language.visit('/page?page=1&lang=fr')).text).toBe('{"read":"fr"}');
      const all = await start(
        echo((query) => Object.keys(query).join()),
        listing,
      );
      expect((await all.visit('/page?page=1&evil=1')).text).toBe('{"read":"page,evil"}');
      expect((await all.visit('/page?page=1')).text).toBe('{"read":"page"}');
      expect((await all.visit('/page?page=2')).text).toBe('{"read":"page"}');
      expect((await all.visit('/page?page=2&evil=1')).text).toBe('{"read":"page"}');
    });

    it('no parameter that a handler sees is left out by itself', async () => {
      const { visit } = await start(seen());
      for (const name of ['utm_source', 'fbclid', '_', 'PHPSESSID', 'jsonp']) {
        const texts = [await visit(`/page?${name}=1`), await visit(`/page?${name}=2`)].map(
          ({ text }) => text,
        );
        expect(texts[1]).toContain(`"${name}":"2"`);
        expect(texts[0]).toContain(`"${name}":"1"`);
      }
    });

    it('request headers that the policy names', async () => {
      const { visit } = await start(counter(), { http: { vary: ['X-Tenant'] } });
      const texts: string[] = [];
      for (const tenant of ['a', 'b', 'a']) texts.push((await visit('/page', { 'X-Tenant': tenant })).text);
      texts.push((await visit('/page')).text, (await visit('/page', { 'X-Tenant': '' })).text);
      expect(texts).toEqual([1, 2, 1, 3, 4].map((run) => `{"run":${run}}`));
    });

    it('hosts where the policy names them, and others pass by', async () => {
      const { visit } = await start({
        page: counter(),
        told: { handle: counter(), options: { response: { hosts: ['one.example', 'two.example:8080'] } } },
      });
      await visit('/page', { Host: 'any.example' });
      expect((await visit('/page', { Host: 'other.example' })).text).toBe('{"run":1}');
      const texts: string[] = [];
      for (const Host of ['one.example', 'ONE.example', 'two.example:8080', 'evil.example', 'evil.example']) {
        texts.push((await visit('/told', { Host })).text);
      }
      expect(texts).toEqual([1, 1, 2, 3, 4].map((run) => `{"run":${run}}`));
    });

    it('hosts of a controller that is bound to them', async () => {
      const { visit } = await start({}, { controllers: [TenantController] });
      for (const host of ['one.example.com', 'two.example.com', 'one.example.com']) {
        expect((await visit('/tenant', { Host: host })).text).toBe(host);
      }
    });

    it('controllers, though their keys are the same', async () => {
      const { visit } = await start(
        { 'mine/:a': { handle: counter(), options: { key: 'fixed' } } },
        { controllers: [OtherController] },
      );
      await visit('/mine/1');
      expect((await visit('/other/1')).text).toMatch(/^other/);
      expect((await visit('/mine/1?any')).text).toBe('{"run":1}');
      expect((await visit('/mine/2')).text).toBe('{"run":2}');
    });

    it('controllers of one name, though their keys are the same', async () => {
      const namesake = (path: string) => {
        @Controller(path)
        class Namesake {
          @Get('page')
          @Cacheable({ key: 'fixed' })
          page() {
            return path;
          }
        }
        return Namesake;
      };
      const { visit } = await start({}, { controllers: [namesake('one'), namesake('two')] });
      for (const path of ['one', 'two', 'one']) expect((await visit(`/${path}/page`)).text).toBe(path);
    });

    it.each([
      [
        'header',
        { type: VersioningType.HEADER, header: 'X-Version' } as const,
        { 'X-Version': '1' },
        { 'X-Version': '2' },
      ],
      [
        'media type',
        { type: VersioningType.MEDIA_TYPE, key: 'v=' } as const,
        { Accept: 'application/json;v=1' },
        { Accept: 'application/json;v=2' },
      ],
      [
        'custom',
        {
          type: VersioningType.CUSTOM,
          extractor: (request: unknown) => String((request as AnyRequest).headers['x-any']),
        } as const,
        { 'X-Any': '1' },
        { 'X-Any': '2' },
      ],
    ])('versions by %s', async (_name, versioning, one, two) => {
      const { visit } = await start(
        {},
        { controllers: [VersionedController], prepare: (nest) => nest.enableVersioning(versioning) },
      );
      const texts = new Map<object, string>();
      for (const headers of [one, two]) texts.set(headers, (await visit('/versioned', headers)).text);
      expect([...texts.values()].map((text) => text.slice(0, 1))).toEqual(['1', '2']);
      for (const [headers, text] of texts) {
        expect((await visit('/versioned', headers as never)).text).toBe(text);
      }
    });

    it('applications on one Redis by their prefixes', async () => {
      const on = (keyPrefix: string) =>
        start(counter(), { redis: redis.url, keyPrefix: `${platform}:${keyPrefix}` });
      const [one, same, other] = [await on('one'), await on('one'), await on('other')];
      await one.visit('/page');
      expect((await same.visit('/page')).text).toBe('{"run":1}');
      expect((await other.visit('/page')).text).toBe('{"run":1}');
      const keys = (await redis.cli('KEYS', `${platform}:*`)) as string[];
      expect(keys.filter((key) => /\/\{r:[\w-]{43}\}$/.test(key))).toHaveLength(2);
      // Nothing of a request stands in a key.
      expect(keys.filter((key) => key.includes('page'))).toEqual([]);
    });
  });
});

describe('rule 9: targets that pass by', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    it('an ambiguous path', async () => {
      const path = platform === 'express' ? 'files/*path' : 'files/*';
      const { keeps, visit } = await start({ [path]: counter() });
      const ambiguous = ['a%2Fb', 'a%5Cb', 'a;b', 'a%3Bb', 'a//b', 'a/./b', 'a/%2e%2e/b', 'a%00b'];
      for (const one of ambiguous) expect([one, await keeps(`/files/${one}`)]).toEqual([one, false]);
      expect([(await visit('/files/a/b')).status, await keeps('/files/a/b')]).toEqual([200, true]);
    });

    it('case is not folded', async () => {
      const { visit } = await start({ ':name': seen() });
      await visit('/page');
      expect((await visit('/PAGE')).text).toContain('"name":"PAGE"');
    });

    it('many parameters, and long targets', async () => {
      const { keeps, visit } = await start(counter());
      const many = (count: number) => Array.from({ length: count }, (_, index) => `p${index}=1`).join('&');
      expect(await keeps(`/page?${many(64)}`)).toBe(true);
      expect(await keeps(`/page?${many(65)}`)).toBe(false);
      expect(await keeps(`/page?q=${'x'.repeat(4_000)}`)).toBe(true);
      expect(await keeps(`/page?q=${'x'.repeat(4_100)}`)).toBe(false);
      expect([(await visit('/page?q=%zz')).status, await keeps('/page?q=%zz')]).toEqual([200, true]);
    });
  });
});
