import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCities, type CitiesApp } from './cities-app.js';

const BERLIN = 2_950_159;
const NEAREST = '/cities/nearest?lat=52.52&lon=13.405';

describe.each(['express', 'fastify'] as const)('wrong requests to the cities on %s', (platform) => {
  let app: CitiesApp;

  beforeAll(async () => {
    app = await startCities(platform, undefined);
  });

  afterAll(() => app.close());

  it.each([
    ['/cities/nearest?lat=91&lon=0', 'lat must be a number from -90 to 90'],
    ['/cities/nearest?lat=0&lon=-180.1', 'lon must be a number from -180 to 180'],
    ['/cities/nearest?lat=&lon=0', 'lat must be a number from -90 to 90'],
    ['/cities/nearest?lat=1&lat=2&lon=0', 'lat must be a number from -90 to 90'],
    [`${NEAREST}&limit=0`, 'limit must be an integer from 1 to 100'],
    [`${NEAREST}&limit=2.5`, 'limit must be an integer from 1 to 100'],
    ['/cities/search?prefix=a', 'prefix must be a text of 2 to 60 characters'],
    ['/cities/search', 'prefix must be a text of 2 to 60 characters'],
    ['/cities/berlin', 'id must be an integer from 1 to 9007199254740991'],
    ['/cities/02950159', 'id must be an integer from 1 to 9007199254740991'],
    ['/cities/2950159.0/visits', 'id must be an integer from 1 to 9007199254740991'],
    ['/countries/de/cities?limit=0', 'limit must be an integer from 1 to 100'],
    ['/countries/germany', 'code must be a country code of two letters, such as DE'],
  ])('refuses %s', async (path, message) => {
    expect(await app.get(path)).toMatchObject({ status: 400, body: { message } });
  });

  it.each([{}, { population: -1 }, { population: 1.5 }, { population: 'many' }, { population: null }])(
    'refuses %j as a population',
    async (body) => {
      const message = 'population must be an integer from 0 to 100000000';
      expect(await app.put(`/cities/${BERLIN}/population`, body)).toMatchObject({
        status: 400,
        body: { message },
      });
    },
  );

  it.each([
    ['GET', '/cities/1', 'There is no city 1.'],
    ['POST', '/cities/1/visits', 'There is no city 1.'],
    ['PUT', '/cities/1/population', 'There is no city 1.'],
    ['GET', '/countries/xx', 'There are no cities in XX.'],
    ['GET', '/countries/xx/cities', 'There are no cities in XX.'],
    ['GET', '/countries/xx/name', 'There is no country XX.'],
    ['GET', '/cities/1/visits', 'There is no city 1.'],
  ])('answers %s %s with 404', async (method, path, message) => {
    const ask = {
      GET: () => app.get(path),
      POST: () => app.post(path),
      PUT: () => app.put(path, { population: 1 }),
    };
    expect(await ask[method as keyof typeof ask]()).toMatchObject({ status: 404, body: { message } });
  });
});
