import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCities, type CitiesApp } from './cities-app.js';

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

describe.each(['express', 'fastify'] as const)(
  'the pages of the cities on %s, without a Redis',
  (platform) => {
    let app: CitiesApp;

    beforeAll(async () => {
      app = await startCities(platform, undefined);
    });

    afterAll(() => app.close());

    it.each(['/atlas', '/atlas/sign-in', '/atlas/devices'])('say at %s that they need one', async (path) => {
      const response = await fetch(app.url + path);
      expect(response.status).toBe(503);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('content-security-policy')).toContain(`default-src 'none'`);
      expect(await response.text()).toContain('No sessions without a Redis');
    });

    it('say in HTML that there is no such page, and the API goes on in JSON', async () => {
      const page = await fetch(`${app.url}/atlas/nowhere`);
      expect([page.status, await page.text()]).toEqual([404, expect.stringContaining('<!doctype html>')]);
      expect(await app.get('/nowhere')).toMatchObject({ status: 404, body: { statusCode: 404 } });
    });

    it('have their style and script from here, under names that change with them', async () => {
      const page = await (await fetch(`${app.url}/atlas`)).text();
      const paths = [...page.matchAll(/(?:href|src)="(\/atlas\/assets\/[^"]+)"/g)].map((match) => match[1]);
      expect(paths).toHaveLength(2);
      for (const path of paths) {
        const asset = await fetch(app.url + path);
        expect(asset.status).toBe(200);
        expect(asset.headers.get('content-type')).toMatch(/^text\/(css|javascript); charset=utf-8$/);
        expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      }
    });

    it.each([
      [{ 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }, 403],
      [{ 'Sec-Fetch-Site': 'same-site', Origin: 'https://evil.example' }, 403],
      [{ Origin: 'https://evil.example' }, 403],
      [{ Origin: 'null' }, 403],
      [{}, 403],
    ])('refuse a form with %j', async (headers, status) => {
      const options = {
        method: 'POST',
        body: 'name=ann&password=lighthouse',
        headers: { ...FORM, ...headers },
      };
      const response = await fetch(`${app.url}/atlas/sign-in`, options);
      expect(response.status).toBe(status);
      expect(await response.text()).toContain('This form was sent by another site.');
    });
  },
);
