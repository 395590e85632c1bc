import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../examples/cities/src/settings.js';

describe('the settings of the cities', () => {
  it('have defaults, for empty variables too', () => {
    const defaults = { host: '127.0.0.1', port: 3000, platform: 'express' };
    const absent = { redisUrl: undefined, sessionSecret: undefined };
    expect(readSettings({})).toMatchObject({ ...defaults, ...absent });
    const empty = { HOST: '', PORT: '', PLATFORM: '', REDIS_URL: '', SESSION_SECRET: '' };
    expect(readSettings(empty)).toMatchObject({ ...defaults, ...absent });
  });

  it('come from the environment', () => {
    const env = {
      HOST: '0.0.0.0',
      PORT: '0',
      PLATFORM: 'fastify',
      REDIS_URL: 'redis://localhost',
      SESSION_SECRET: 'secret',
      CORRECTIONS_FILE: 'corrections.jsonl',
    };
    expect(readSettings(env)).toEqual({
      host: '0.0.0.0',
      port: 0,
      platform: 'fastify',
      redisUrl: 'redis://localhost',
      sessionSecret: 'secret',
      correctionsFile: 'corrections.jsonl',
    });
  });

  it.each(['http', '-1', '65536', '3000.5', ' 3000'])('refuse the port "%s"', (port) => {
    expect(() => readSettings({ PORT: port })).toThrow(
      `PORT must be a number from 0 to 65535, and is "${port}".`,
    );
  });

  it('refuse another platform', () => {
    expect(() => readSettings({ PLATFORM: 'koa' })).toThrow(
      'PLATFORM must be "express" or "fastify", and is "koa".',
    );
  });
});
