import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { ROOT } from '../support/source-tree.js';

interface Service {
  readonly build?: string;
  readonly image?: string;
  readonly command?: string[];
  readonly env_file?: string;
  readonly environment?: Record<string, string>;
  readonly volumes?: string[];
  readonly ports?: string[];
  readonly profiles?: string[];
  readonly depends_on?: Record<string, { condition: string }>;
  readonly healthcheck?: { test: string[] };
}

interface Compose {
  readonly services: Record<'app' | 'redis' | 'redis-queue', Service>;
  readonly volumes: Record<string, null>;
}

const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const conf = readFileSync(join(ROOT, 'redis.conf'), 'utf8');
const { services, volumes } = parse(text) as Compose;

const started: RedisServer[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.kill()));
});

/** Starts Redis with redis.conf and the command of a service, its variables filled in. */
async function startService({ command = [] }: Service): Promise<RedisServer> {
  const [program, file, ...args] = command.map(fill);
  expect([program, file]).toEqual(['redis-server', '/usr/local/etc/redis/redis.conf']);
  const password = args[args.indexOf('--requirepass') + 1] ?? '';
  const server = await startRedis({ configFile: join(ROOT, 'redis.conf'), args, password });
  started.push(server);
  return server;
}

function fill(value: string): string {
  return value.replace(/\$\{REDIS_PASSWORD:\?[^}]*\}/g, 'secret').replace(/\$\{\w+:-([^}]*)\}/g, '$1');
}

async function setting(server: RedisServer, name: string): Promise<unknown> {
  const [, value] = (await server.cli('CONFIG', 'GET', name)) as [string, string];
  return value;
}

describe('docker-compose.yml', () => {
  it('starts the app once its Redis is healthy, with the environment of .env', () => {
    expect(services.app.depends_on).toEqual({ redis: { condition: 'service_healthy' } });
    expect(services.app.env_file).toBe('.env');
    expect(services.app.environment?.['HOST']).toBe('0.0.0.0');
    expect(fill(services.app.environment?.['REDIS_URL'] ?? '')).toBe('redis://:secret@redis:6379/0');
    expect(existsSync(join(ROOT, services.app.build ?? '', 'Dockerfile'))).toBe(true);
  });

  it.each(['redis', 'redis-queue'] as const)(
    'gives %s a health check, a volume, redis.conf and a password',
    (name) => {
      const service = services[name];
      const [data, config] = (service.volumes ?? []).map((volume) => volume.split(':'));
      expect(service.healthcheck?.test.join(' ')).toContain('redis-cli ping');
      expect(service.environment?.['REDISCLI_AUTH']).toContain('REDIS_PASSWORD');
      expect(Object.keys(volumes)).toContain(data?.[0]);
      expect(data?.[1]).toBe('/data');
      expect(existsSync(join(ROOT, config?.[0] ?? '-'))).toBe(true);
      expect(config?.[1]).toBe(service.command?.[1]);
    },
  );

  it('keeps the Redis of a queue optional and apart', () => {
    expect(services['redis-queue'].profiles).toEqual(['queue']);
    expect(services['redis-queue'].volumes?.[0]).not.toBe(services.redis.volumes?.[0]);
  });

  it('publishes ports on this machine only', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports).toHaveLength(3);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('uses the variables that .env.example names', () => {
    const used = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    const named = [...readFileSync(join(ROOT, '.env.example'), 'utf8').matchAll(/^(\w+)=/gm)].map(
      ([, name]) => name,
    );
    expect(new Set(named)).toEqual(used);
  });
});

describe('redis.conf', () => {
  it('is accepted by Redis as the service of caches and sessions starts it', async () => {
    const server = await startService(services.redis);
    expect(await setting(server, 'appendonly')).toBe('yes');
    expect(await setting(server, 'maxmemory')).toBe(String(256 * 1024 * 1024));
    expect(await setting(server, 'maxmemory-policy')).toBe('volatile-ttl');
    expect(await setting(server, 'requirepass')).toBe('secret');
  });

  it('never evicts in the Redis of a queue', async () => {
    expect(await setting(await startService(services['redis-queue']), 'maxmemory-policy')).toBe('noeviction');
  });

  it('keeps the data over a crash', async () => {
    const server = await startService(services.redis);
    await server.cli('SET', 'key', 'value');
    await server.kill();
    await server.restart({ sameData: true });
    expect(await server.cli('GET', 'key')).toBe('value');
  });

  it.each([...conf.matchAll(/^# maxmemory-policy (\S+)$/gm)].map(([, policy]) => String(policy)))(
    'suggests a policy that Redis knows: %s',
    async (policy) => {
      const server = await startRedis({ config: { 'maxmemory-policy': policy } });
      started.push(server);
      expect(await setting(server, 'maxmemory-policy')).toBe(policy);
    },
  );
});

describe('the Dockerfile', () => {
  const file = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

  it('runs the demo as a user without rights, from files that the build context has', () => {
    expect(file).toMatch(/^USER node$/m);
    const context = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    const copied = [...file.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) =>
      String(names).split(' '),
    );
    expect(copied.length).toBeGreaterThan(3);
    for (const name of copied) {
      expect(existsSync(join(ROOT, name)), name).toBe(true);
      expect(context).toContain(`!${name}`);
    }
  });

  it('starts the file that npm start starts', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: { start: string };
    };
    const [, command = '[]'] = /^CMD (.+)$/m.exec(file) ?? [];
    expect(scripts.start.endsWith((JSON.parse(command) as string[]).join(' '))).toBe(true);
  });
});
