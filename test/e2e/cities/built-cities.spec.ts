import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { freePort, startRedis } from '../../support/redis-server.js';
import { BuiltCities } from './built-cities.js';

const BERLIN = '/cities/2950159';
const NEAREST = '/cities/nearest?lat=52.52&lon=13.405';

describe('the cities, built and run as npm start does', { timeout: 60_000 }, () => {
  let built: BuiltCities;

  beforeAll(async () => {
    built = await BuiltCities.build();
  }, 120_000);

  afterEach(() => built.endAll());

  afterAll(() => built.remove());

  it('print where the caches live, and commands that work', async () => {
    const cities = await built.start();
    expect(cities.output).toContain('Cache "searches" lives in this process\'s memory');
    expect(cities.output).toContain('135,233 cities.');
    expect(cities.output).toContain('Caches live in this process.');
    const commands = cities.output.match(/^ {2}curl .+$/gm) ?? [];
    expect(commands).toHaveLength(12);
    for (const command of commands) expect(await statusOf(command), command).toBeLessThan(300);
    expect(await cities.client.stats('searches')).toMatchObject({ misses: 2 });
    expect((await cities.client.get(BERLIN)).body).toMatchObject({ population: 3_700_000 });
  });

  it('share one Redis between processes: what one caches or corrects, the other sees', async () => {
    const redis = await startRedis();
    const env = { REDIS_URL: redis.url };
    const [first, second] = await Promise.all([
      built.start(env),
      built.start({ ...env, PLATFORM: 'fastify' }),
    ]);
    expect(first.output).toContain('Cache "searches" lives in Redis');
    await Promise.all([first, second].map(({ client }) => eventually(() => keepsVisits(client))));

    const answer = await first.client.get(NEAREST);
    expect((await second.client.get(NEAREST)).body).toEqual(answer.body);
    expect(await first.client.stats('searches')).toEqual({ hits: 0, misses: 1 });
    expect(await second.client.stats('searches')).toEqual({ hits: 1, misses: 0 });

    expect(await redis.cli('KEYS', '*CitiesService.nearest(52.52,13.405,5)*')).toHaveLength(1);

    await first.client.put(`${BERLIN}/population`, { population: 3_800_000 });
    expect((await second.client.get(NEAREST)).body[0]).toMatchObject({ population: 3_800_000 });
    expect((await second.client.get(BERLIN)).body).toMatchObject({ population: 3_800_000 });
    await redis.stop();
  });

  it('start without the Redis they are given, serve, and use it once it is there', async () => {
    const port = await freePort();
    const cities = await built.start({ REDIS_URL: `redis://127.0.0.1:${port}` });
    expect((await cities.client.get(NEAREST)).body[0]).toMatchObject({ name: 'Berlin' });
    expect((await cities.client.get('/countries')).status).toBe(200);
    expect(await cities.client.stats('searches')).toMatchObject({ hits: 0 });

    const redis = await startRedis({ port });
    await eventually(async () => {
      await cities.client.get(NEAREST);
      expect((await cities.client.stats('searches')).hits).toBeGreaterThan(0);
    });
    await redis.stop();
  });

  it('end on SIGTERM, with Redis and without', async () => {
    const redis = await startRedis();
    const running = await Promise.all([built.start(), built.start({ REDIS_URL: redis.url })]);
    await Promise.all(running.map(({ client }) => client.get(NEAREST)));
    const ends = await Promise.all(running.map((one) => one.end('SIGTERM')));
    expect(ends).toEqual([
      { code: null, signal: 'SIGTERM' },
      { code: null, signal: 'SIGTERM' },
    ]);
    await redis.stop();
  });

  it('say what is wrong with a variable and do not start', async () => {
    await expect(built.start({ PORT: 'http' })).rejects.toThrow(
      'PORT must be a number from 0 to 65535, and is "http".',
    );
    await expect(built.start({ REDIS_URL: 'nonsense' })).rejects.toThrow(/options\.connection/);
  });
});

async function keepsVisits(client: {
  post(path: string): Promise<{ body: { visits: number } }>;
}): Promise<void> {
  await client.post('/cities/2988507/visits');
  expect((await client.post('/cities/2988507/visits')).body.visits).toBeGreaterThan(1);
}

/** Does what a printed command does. */
async function statusOf(command: string): Promise<number> {
  const [, url = ''] = /'(http[^']+)'$/.exec(command) ?? [];
  const [, method = 'GET'] = /-X (\w+)/.exec(command) ?? [];
  const [, body = null] = /-d '([^']+)'/.exec(command) ?? [];
  const fields = [...command.matchAll(/-H '([\w-]+): ([^']+)'/g)].map(([, name, value]) => [name, value]);
  const headers = Object.fromEntries(fields) as Record<string, string>;
  return (await fetch(url, { method, body, headers })).status;
}
