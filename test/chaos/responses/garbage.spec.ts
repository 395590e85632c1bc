import { describe, expect, it } from 'vitest';
import { send } from '../../e2e/http/http-client.js';
import { platforms } from '../../e2e/http/response-app.js';
import type { RedisServer } from '../../support/redis-server.js';
import { redisOfTest, Script, Site } from './site.js';

const LIMIT = { timeout: 90_000 };

const EVERYTHING = 'site:*';
/** The responses, without the generations and tags that say which of them are valid. */
const ENTRIES = 'site:default:v:*';
/** What the bytes of a response begin with. */
const RESPONSE = Buffer.from([0x52, 0x03]);

type Spoil = (redis: RedisServer, key: string, bytes: Buffer) => Promise<unknown>;

const put =
  (change: (bytes: Buffer) => Buffer | string): Spoil =>
  (redis, key, bytes) =>
    redis.cli('SET', key, change(bytes), 'KEEPTTL');

/** What may stand in the place of what the cache has written. */
const SPOILS: Record<string, Spoil> = {
  'a list': async (redis, key) => {
    await redis.cli('DEL', key);
    await redis.cli('RPUSH', key, 'x');
  },
  nothing: put(() => ''),
  'half of it': put((bytes) => bytes.subarray(0, bytes.length / 2)),
  'all of it but one byte': put((bytes) => bytes.subarray(0, -1)),
  'more than it': put((bytes) => Buffer.concat([bytes, Buffer.from('more')])),
  'other bytes': put((bytes) => Buffer.from(bytes.map((byte) => byte ^ 0x55))),
  'JSON of somebody else': put(() => '{"status":200,"body":"foreign"}'),
  'an entry of a later format': put((bytes) => Buffer.concat([Buffer.from('~3'), bytes.subarray(2)])),
};

/** A status that was changed into another one cannot be told from it; whatever cannot be sent is. */
const isAnswer = (status: number): boolean => status >= 200 && status < 500;

describe.each(platforms)('in Redis, under responses on %s', (platform) => {
  async function open() {
    const redis = await redisOfTest();
    const script = new Script();
    const site = await Site.open({ platform, script, redis: redis.url });
    await site.caches('/pages/1');
    return { redis, script, site };
  }

  async function keysOf(redis: RedisServer, pattern: string): Promise<string[]> {
    const keys = (await redis.cli('KEYS', pattern)) as string[];
    expect(keys).not.toEqual([]);
    return keys;
  }

  async function spoilAll(redis: RedisServer, pattern: string, spoil: Spoil): Promise<void> {
    for (const key of await keysOf(redis, pattern)) {
      await spoil(redis, key, (await redis.raw('GET', key)) as Buffer);
    }
  }

  it.each(Object.entries(SPOILS))(
    '%s in the place of everything is answered by handlers, until it is gone',
    LIMIT,
    async (_name, spoil) => {
      const { redis, script, site } = await open();
      await spoilAll(redis, EVERYTHING, spoil);
      const runs = script.runs.length;
      for (const page of await site.pages('/pages/1', 20)) expect(page.run).toBeGreaterThan(runs);
      await site.pages('/pages/2', 20);
      await site.change('/pages/1');
      for (const page of await site.pages('/pages/1', 4)) expect(page.version).toBe(2);
      await redis.cli('FLUSHALL');
      expect((await site.caches('/pages/1')).version).toBe(2);
    },
  );

  it.each(Object.entries(SPOILS))(
    '%s in the place of a response is answered by handlers, at the latest until it is gone',
    LIMIT,
    async (_name, spoil) => {
      const { redis, script, site } = await open();
      const runs = script.runs.length;
      await spoilAll(redis, ENTRIES, spoil);
      for (const page of await site.pages('/pages/1', 20)) expect(page.run).toBeGreaterThan(runs);
      await redis.cli('DEL', ...(await keysOf(redis, ENTRIES)));
      await site.caches('/pages/1');
    },
  );

  it.each([
    ['of a later format', 0x5204],
    ['of an earlier one', 0x5202],
    ['that says how responses vary, and is none', 0x5256],
    ['that says until when nobody waits, and does not', 0x5255],
  ])('an entry %s is answered by handlers, at the latest until it is gone', LIMIT, async (_name, magic) => {
    const { redis, script, site } = await open();
    const runs = script.runs.length;
    const change = put((bytes) => {
      const at = bytes.indexOf(RESPONSE);
      expect(at).toBeGreaterThan(0);
      const other = Buffer.from(bytes);
      other.writeUInt16BE(magic, at);
      return other;
    });
    await spoilAll(redis, ENTRIES, change);
    for (const page of await site.pages('/pages/1', 20)) expect(page.run).toBeGreaterThan(runs);
    await site.drain();
    await redis.cli('DEL', ...(await keysOf(redis, ENTRIES)));
    await site.caches('/pages/1');
  });

  it('any byte of the head of a response that is another makes no request fail', LIMIT, async () => {
    const { redis, site } = await open();
    const [key = ''] = await keysOf(redis, ENTRIES);
    const bytes = (await redis.raw('GET', key)) as Buffer;
    const start = bytes.indexOf(RESPONSE);
    const end = bytes.indexOf('{"path"');
    expect(end).toBeGreaterThan(start);
    for (let at = start; at < end; at += 1) {
      for (const byte of [0, 0xff, (bytes[at] as number) ^ 1]) {
        const other = Buffer.from(bytes);
        other[at] = byte;
        await redis.cli('SET', key, other, 'KEEPTTL');
        const { status } = await send(site.apps[0].url, '/pages/1');
        expect([at - start, byte, status]).toEqual([at - start, byte, expect.toSatisfy(isAnswer)]);
      }
    }
  });
});
