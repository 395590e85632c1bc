import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser, platforms } from '../../e2e/session/session-app.js';
import type { RedisServer } from '../../support/redis-server.js';
import { at, Ends, Gate, LIMIT, type LocalHost } from './site.js';

const SESSION = { prefix: 'site', maxBytes: 8_000_000 };
const LENGTH = 500_000;

/** How a process is killed while it saves. */
const KILLS = [
  { when: 'with its save on the way', isPaused: true, isMerged: false },
  { when: 'with its save on the way beside that of another one', isPaused: true, isMerged: true },
  { when: 'at some moment of its save', isPaused: false, isMerged: false },
];

describe.each(platforms)('a process that is killed while it saves a session on %s', (platform) => {
  const ends = new Ends();
  let redis: RedisServer;
  let witness: LocalHost;
  beforeAll(async () => {
    redis = await ends.redis();
    witness = await ends.local({ platform, redis: redis.url, session: SESSION });
  }, LIMIT.timeout);
  afterAll(() => ends.run());

  it.each(KILLS)(
    '$when leaves the session as it was, or as it was to be',
    LIMIT,
    async ({ isPaused, isMerged }) => {
      const child = await ends.child(platform, redis, [SESSION]);
      const visitor = new Browser(witness.url);
      await visitor.get(`/fill/a/${LENGTH}`);
      const gate = new Gate(child);
      const killed = at(visitor, child.urls[0] as string)
        .get(`/fill/b/${LENGTH}?hold=${gate.name}`)
        .catch(() => undefined);
      await gate.reached();
      if (isMerged) await visitor.get('/set/beside');
      if (isPaused) redis.pause();
      await gate.open();
      await child.kill();
      redis.resume();
      await killed;
      const { status, text } = await visitor.get('/show');
      expect(status).toBe(200);
      const fields = JSON.parse(text) as Record<string, string>;
      const letter = fields['one']?.[0] ?? '';
      expect(['a', 'b']).toContain(letter);
      const whole = letter.repeat(LENGTH);
      expect([fields['one'] === whole, fields['other'] === whole]).toEqual([true, true]);
      expect(fields['beside']).toBe(isMerged ? 'set' : undefined);
      // The client asks again.
      expect((await visitor.get(`/fill/b/${LENGTH}`)).status).toBe(200);
      const again = JSON.parse((await visitor.get('/show')).text) as Record<string, string>;
      expect([again['one']?.[0], again['other']?.[0]]).toEqual(['b', 'b']);
    },
  );
});
