import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { startCities, type CitiesApp } from './cities-app.js';

const BERLIN = 2_950_159;
const NEAREST = '/cities/nearest?lat=52.52&lon=13.405';

describe.each([
  { platform: 'express', place: 'memory' },
  { platform: 'express', place: 'Redis' },
  { platform: 'fastify', place: 'memory' },
  { platform: 'fastify', place: 'Redis' },
] as const)('the cities on $platform, cached in $place', ({ platform, place }) => {
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

  it('finds the nearest cities once, and from then on in the cache', async () => {
    const { status, body } = await app.get(`${NEAREST}&limit=2`);
    expect(status).toBe(200);
    expect(body).toMatchObject([
      { name: 'Berlin', country: 'DE', distanceKm: 0.6 },
      { name: 'Glienicke', country: 'DE' },
    ]);
    expect(await app.stats('searches')).toEqual({ hits: 0, misses: 1 });
    expect((await app.get(`${NEAREST}&limit=2`)).body).toEqual(body);
    expect(await app.stats('searches')).toEqual({ hits: 1, misses: 1 });
    expect((await app.get(`${NEAREST}&limit=1`)).body).toHaveLength(1);
    expect(await app.stats('searches')).toEqual({ hits: 1, misses: 2 });
  });

  it('finds names by their beginning, whatever the accents', async () => {
    const { body } = await app.get('/cities/search?prefix=sao%20p&limit=1');
    expect(body).toMatchObject([{ name: 'São Paulo', country: 'BR' }]);
    expect((await app.get('/cities/search?prefix=sao%20p&limit=1')).body).toEqual(body);
    expect(await app.stats('searches')).toEqual({ hits: 1, misses: 1 });
  });

  it('caches the response with all countries', async () => {
    const { body } = await app.get('/countries');
    expect(body).toHaveLength(246);
    expect(body[0].population).toBeGreaterThan(body[1].population);
    expect((await app.get('/countries')).body).toEqual(body);
    expect(await app.stats('countries')).toEqual({ hits: 1, misses: 1 });
  });

  it('caches one country under its typed key', async () => {
    const { body } = await app.get('/countries/de');
    expect(body).toMatchObject({ code: 'DE', name: 'Germany', largest: { 0: { name: 'Berlin' } } });
    expect((await app.get('/countries/DE')).body).toEqual(body);
    expect(await app.stats('countries')).toEqual({ hits: 1, misses: 1 });
  });

  it('shows a corrected population at once, wherever the old one was cached', async () => {
    const pages = [
      `/cities/${BERLIN}`,
      NEAREST,
      '/cities/search?prefix=berlin',
      '/countries',
      '/countries/de',
    ];
    const before = await Promise.all(pages.map((page) => app.get(page)));
    for (const { body } of before) expect(JSON.stringify(body)).toContain('3426354');

    const answer = await app.put(`/cities/${BERLIN}/population`, { population: 3_700_000 });
    expect(answer).toMatchObject({ status: 200, body: { name: 'Berlin', population: 3_700_000 } });

    const after = await Promise.all(pages.map((page) => app.get(page)));
    for (const { body } of after) {
      expect(JSON.stringify(body)).toContain('3700000');
      expect(JSON.stringify(body)).not.toContain('3426354');
    }
  });

  it('forgets every list of a country by its tag, and keeps those of other countries', async () => {
    const german = ['/countries/de/cities', '/countries/DE/cities?limit=3', '/countries/de'];
    const french = ['/countries/fr/cities', '/countries/fr', '/cities/nearest?lat=48.85&lon=2.35'];
    await Promise.all([...german, ...french].map((page) => app.get(page)));
    await app.put(`/cities/${BERLIN}/population`, { population: 1 });
    for (const page of german) expect(JSON.stringify((await app.get(page)).body)).not.toContain('Berlin');

    const before = [await app.stats('countries'), await app.stats('searches')];
    for (const page of french) await app.get(page);
    const after = [await app.stats('countries'), await app.stats('searches')];
    expect(after).toEqual([
      { hits: (before[0]?.hits ?? 0) + 2, misses: before[0]?.misses },
      { hits: (before[1]?.hits ?? 0) + 1, misses: before[1]?.misses },
    ]);
  });

  it('finds a city that a correction has brought into a result', async () => {
    const page = '/cities/search?prefix=berlin&limit=1';
    expect((await app.get(page)).body).toMatchObject([{ country: 'DE' }]);
    const { body } = await app.get('/cities/search?prefix=berlin&limit=100');
    const other = (body as { id: number; country: string }[]).find(({ country }) => country === 'US');
    await app.put(`/cities/${other?.id}/population`, { population: 90_000_000 });
    expect((await app.get(page)).body).toMatchObject([{ id: other?.id, country: 'US' }]);
  });

  it('tells whether this process has the answer in its memory', async () => {
    for (const page of [`/cities/${BERLIN}`, '/countries/de']) {
      expect(await app.cacheStatus(page)).toBe('memory; fwd=miss');
      await eventually(async () => expect(await app.cacheStatus(page)).toBe('memory; hit'));
      await app.put(`/cities/${BERLIN}/population`, { population: 1 });
      expect(await app.cacheStatus(page)).toBe('memory; fwd=miss');
    }
  });

  it('leaves the other cities in the cache when one is corrected', async () => {
    await app.get('/cities/2988507');
    await app.put(`/cities/${BERLIN}/population`, { population: 3_700_000 });
    const { hits } = await app.stats('cities');
    expect((await app.get('/cities/2988507')).body).toMatchObject({ name: 'Paris' });
    expect((await app.stats('cities')).hits).toBe(hits + 1);
  });

  it('counts visits, parallel ones included', async () => {
    expect((await app.get(`/cities/${BERLIN}/visits`)).body).toMatchObject({ visits: 0 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.post(`/cities/${BERLIN}/visits`)));
    expect(new Set(answers.map(({ body }) => body.visits)).size).toBe(20);
    expect((await app.get(`/cities/${BERLIN}/visits`)).body).toMatchObject({ visits: 20 });
  });
});
