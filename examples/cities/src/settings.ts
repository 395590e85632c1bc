import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the environment says about how the application runs. */
export abstract class Settings {
  abstract readonly host: string;
  /** 0 = any free port. */
  abstract readonly port: number;
  abstract readonly platform: 'express' | 'fastify';
  /** Left out: caches live in this process's memory. */
  abstract readonly redisUrl: string | undefined;
  /** Signs the cookies of sessions. Left out: sessions end with this process. */
  abstract readonly sessionSecret: string | undefined;
  /** Where corrected populations are kept. Processes that share a Redis share this file too. */
  abstract readonly correctionsFile: string;
}

/** Reads `HOST`, `PORT`, `PLATFORM`, `REDIS_URL`, `SESSION_SECRET` and `CORRECTIONS_FILE`. @throws Error naming what is wrong */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    host: env['HOST'] || '127.0.0.1',
    port: readPort(env['PORT'] || '3000'),
    platform: readPlatform(env['PLATFORM'] || 'express'),
    redisUrl: env['REDIS_URL'] || undefined,
    sessionSecret: env['SESSION_SECRET'] || undefined,
    correctionsFile: env['CORRECTIONS_FILE'] || join(tmpdir(), 'cities-corrections.jsonl'),
  };
}

function readPort(value: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  throw new Error(`PORT must be a number from 0 to 65535, and is "${value}".`);
}

function readPlatform(value: string): Settings['platform'] {
  if (value === 'express' || value === 'fastify') return value;
  throw new Error(`PLATFORM must be "express" or "fastify", and is "${value}".`);
}
