import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { send, type RawReply } from '../http/http-client.js';
import { startCities, type CitiesApp } from './cities-app.js';

const BERLIN = 2_950_159;
const VISITS = `/cities/${BERLIN}/visits`;
const ANN = { Authorization: 'Bearer ann' };
const BOB = { Authorization: 'Bearer bob' };

describe.each([
  { platform: 'express', place: 'memory' },
  { platform: 'express', place: 'Redis' },
  { platform: 'fastify', place: 'memory' },
  { platform: 'fastify', place: 'Redis' },
] as const)('responses of the cities on $platform, cached in $place', ({ platform, place }) => {
  let redis: RedisServer | undefined;
  let app: CitiesApp;

  beforeAll(async () => {
    if (place === 'Redis') redis = await startRedis();
  });

  afterAll(() => redis?.stop());

  beforeEach(async () => {
    await redis?.cli('FLUSHALL');
    app = await startCities(platform, redis?.url);
  });

  afterEach(() => app.close());

  /** Asks for a page until the cache has it: what is stored goes there after the response. */
  async function hit(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return eventually(async () => {
      const page = await ask(path, headers);
      expect(page.cacheStatus).toContain('; hit; ttl=');
      return page;
    });
  }

  async function ask(path: string, headers: Record<string, string> = {}): Promise<Page> {
    const reply = await send(app.url, path, { headers });
    return { ...reply, cacheStatus: String(reply.headers['cache-status']) };
  }

  async function settle(path: string, visitor: Record<string, string>, city: number): Promise<void> {
    const headers = { ...visitor, 'Content-Type': 'application/json' };
    const response = await fetch(app.url + path, { method: 'PUT', headers, body: JSON.stringify({ city }) });
    expect(response.status).toBe(200);
  }

  it('are for everybody where the policy says so, and others may keep them', async () => {
    const first = await ask('/countries');
    expect(first.cacheStatus).toBe('nestjs-redis-cache; fwd=uri-miss; stored');
    const second = await hit('/countries', ANN);
    expect(second.text).toBe(first.text);
    expect(second.headers['cache-control']).toMatch(/^public, max-age=\d+$/);
    const etag = String(second.headers.etag);
    expect(await ask('/countries', { 'If-None-Match': etag })).toMatchObject({ status: 304, text: '' });
  });

  it('are dropped by a change at their URL', async () => {
    expect((await ask(VISITS)).text).toContain('"visits":0');
    await hit(VISITS);
    await app.post(VISITS);
    const page = await ask(VISITS);
    expect([page.cacheStatus, page.text]).toEqual([
      expect.stringContaining('fwd=uri-miss'),
      expect.stringContaining('"visits":1'),
    ]);
  });

  it('are dropped by their tag when the city is corrected, those of other cities are not', async () => {
    await hit(VISITS);
    await hit('/cities/2988507/visits');
    await app.put(`/cities/${BERLIN}/population`, { population: 7 });
    expect((await ask(VISITS)).text).toContain('"population":7');
    expect((await ask('/cities/2988507/visits')).cacheStatus).toContain('hit');
  });

  it('are kept apart by the header that they name in Vary', async () => {
    const path = '/countries/de/name';
    const french = await hit(path, { 'Accept-Language': 'fr' });
    expect(french.text).toContain('Allemagne');
    expect(french.headers.age).toMatch(/^\d+$/);
    const swiss = await ask(path, { 'Accept-Language': 'xx-nonsense-of-many-letters, de-CH;q=0.9' });
    expect(swiss.text).toContain('Deutschland');
    expect((await ask(path)).text).toContain('Germany');
    expect((await hit(path, { 'Accept-Language': 'fr' })).text).toBe(french.text);
  });

  it('of one visitor are given to nobody else', async () => {
    expect((await ask('/my/city')).status).toBe(401);
    expect((await ask('/my/city', ANN)).status).toBe(404);
    await settle('/my/city', ANN, BERLIN);
    const page = await hit('/my/city', ANN);
    expect(page.text).toContain('Berlin');
    expect(page.headers['cache-control']).toBe('private');
    expect((await ask('/my/city', BOB)).status).toBe(404);
    await settle('/my/city', BOB, 2_988_507);
    expect((await hit('/my/city', BOB)).text).toContain('Paris');
    expect((await hit('/my/city', ANN)).text).toBe(page.text);
  });

  it('of one visitor are dropped by what they show', async () => {
    await settle('/my/city', ANN, BERLIN);
    await hit('/my/city', ANN);
    await app.put(`/cities/${BERLIN}/population`, { population: 7 });
    expect((await ask('/my/city', ANN)).text).toContain('"population":7');
    await hit('/my/city', ANN);
    await settle('/my/city', ANN, 2_988_507);
    expect((await ask('/my/city', ANN)).text).toContain('Paris');
  });
});

/** `fetch` would ask with `no-cache` of its own where it is given conditions. */
interface Page extends RawReply {
  readonly cacheStatus: string;
}
