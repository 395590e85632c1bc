import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  at,
  Ends,
  fieldsOf,
  Gate,
  grownOld,
  LIMIT,
  type ChildHost,
  type Host,
  type LocalHost,
} from '../../chaos/sessions/site.js';
import type { RedisServer } from '../../support/redis-server.js';
import type { RawReply } from '../http/http-client.js';
import { BlobHost } from './concurrency-blobs.js';
import { Browser, platforms } from './session-app.js';

const WRITERS = [2, 8, 64];
const MODES = [
  { rolling: true, name: 'rolling' },
  { rolling: false, name: 'not rolling' },
];
const SESSIONS = MODES.map(({ rolling }) => ({ prefix: 'site', rolling }));

/** Where a visitor goes: the places that he goes to by turns, and where their handlers are held. */
interface Places {
  readonly urls: readonly string[];
  readonly hosts: readonly Host[];
  /** Makes the session of a visitor one that a request lengthens. */
  age(visitor: Browser): Promise<void>;
}

/** Sets a field by each of so many requests, all of which have read the session before the first one writes. Gives what is lost. */
async function lostOf({ urls, hosts, age }: Places, count: number): Promise<string[]> {
  const visitor = new Browser(urls[0] as string);
  await visitor.get('/set/first');
  await age(visitor);
  const gate = new Gate(...hosts);
  const fields = Array.from({ length: count }, (_, index) => `field${index}`);
  const writes = fields.map((field, index) =>
    at(visitor, urls[index % urls.length] as string).get(`/set/${field}?hold=${gate.name}`),
  );
  await gate.reached(count);
  await gate.open();
  expect((await Promise.all(writes)).map(({ status }) => status)).toEqual(writes.map(() => 200));
  const kept = await fieldsOf(visitor);
  return ['first', ...fields].filter((field) => !kept.includes(field));
}

/** Logs out while a request is held that has read the session; gives its reply, and what the session holds after it. */
async function afterLogout({ urls, hosts, age }: Places, path: string): Promise<[RawReply, string[]]> {
  const visitor = new Browser(urls[0] as string);
  await visitor.get('/set/user');
  const stolen = at(visitor, urls.at(-1) as string);
  await age(visitor);
  const gate = new Gate(...hosts);
  const late = stolen.get(`${path}?hold=${gate.name}`);
  await gate.reached();
  expect((await visitor.get('/logout')).status).toBe(200);
  await gate.open();
  return [await late, await fieldsOf(at(visitor, urls.at(-1) as string))];
}

describe.each(platforms)('parallel requests of one session on %s', (platform) => {
  const ends = new Ends();
  let redis: RedisServer;
  let locals: LocalHost[];
  let children: ChildHost[];
  beforeAll(async () => {
    redis = await ends.redis();
    const common = { platform, redis: redis.url };
    locals = await Promise.all(SESSIONS.map((session) => ends.local({ ...common, session })));
    children = await Promise.all([1, 2].map(() => ends.child(platform, redis, SESSIONS)));
  }, LIMIT.timeout);
  afterAll(() => ends.run());

  const placesOf = (processes: string, mode: number): Places => {
    const age = (visitor: Browser) => grownOld(redis, visitor, 'site');
    const local = locals[mode] as LocalHost;
    if (processes === 'one process') return { urls: [local.url], hosts: [local], age };
    return { urls: children.map(({ urls }) => urls[mode] as string), hosts: children, age };
  };

  describe.each(['one process', 'two processes'])('in %s', (processes) => {
    describe.each(MODES)('$name', ({ rolling }) => {
      const places = () => placesOf(processes, rolling ? 0 : 1);

      it.each(WRITERS)('%i writers of different fields lose nothing', LIMIT, async (count) => {
        expect(await lostOf(places(), count)).toEqual([]);
      });

      it('a logout during a reader is final, and the reader sets no cookie', LIMIT, async () => {
        const [late, fields] = await afterLogout(places(), '/show');
        expect([late.status, late.headers['set-cookie'], fields]).toEqual([200, undefined, []]);
      });

      it('a logout during a writer is final, and the writer sets no cookie', LIMIT, async () => {
        const [late, fields] = await afterLogout(places(), '/set/late');
        expect([late.status, late.headers['set-cookie'], fields]).toEqual([200, undefined, []]);
      });

      it('a field that one removes stays removed, whatever others write', LIMIT, async () => {
        const { urls, hosts, age } = places();
        const visitor = new Browser(urls[0] as string);
        for (const field of ['a', 'b']) await visitor.get(`/set/${field}`);
        await age(visitor);
        const gate = new Gate(...hosts);
        const replies = ['/remove/a', '/set/c', '/set/d'].map((path, index) =>
          at(visitor, urls[index % urls.length] as string).get(`${path}?hold=${gate.name}`),
        );
        await gate.reached(3);
        await gate.open();
        await Promise.all(replies);
        expect(await fieldsOf(visitor)).toEqual(['b', 'c', 'd']);
      });
    });
  });
});

describe.each(MODES)('sessions that are written as a whole, $name', ({ rolling }) => {
  const ends = new Ends();
  const hosts: BlobHost[] = [];
  beforeAll(async () => {
    const redis = await ends.redis();
    for (let count = 0; count < 2; count++) {
      const host = new BlobHost(redis.url);
      hosts.push(host);
      ends.add(await host.start(rolling));
    }
  });
  afterAll(() => ends.run());
  const places = (): Places => ({ urls: hosts.map(({ url }) => url), hosts, age: () => Promise.resolve() });

  it.each(WRITERS)('%i writers of different fields lose all but one', async (count) => {
    expect(await lostOf(places(), count)).toHaveLength(count - 1);
  });

  it('a logout during a writer is undone', async () => {
    const [late, fields] = await afterLogout(places(), '/set/late');
    expect([late.status, fields]).toEqual([200, ['late', 'user']]);
  });
});
