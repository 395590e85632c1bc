import { afterEach, describe, expect, it } from 'vitest';
import { platforms, type Platform } from '../response-app.js';
import {
  attackedRoutes,
  startAttackedApp,
  type Attacked,
  type AttackedApp,
  type Visit,
} from './attacked-app.js';

/** Says all that its handler can see of the target. */
const echo: Attacked['handle'] = ({ params, query }) => ({ params: { ...params }, query: { ...query } });

const echoRoutes = (platform: Platform, options: Attacked['options'] = {}): Attacked[] => [
  { path: 'item/:id', handle: echo, options },
  { path: 'item/:id/:part', handle: echo, options },
  { path: 'item', handle: echo, options },
  { path: platform === 'express' ? 'files/*path' : 'files/*', handle: echo, options },
];

const cloaked = [
  '/item?id=1',
  '/item?id=1;role=admin',
  '/item?id=1&role=admin',
  '/item?id=1%26role=admin',
  '/item?id=1&id=2',
  '/item?id=2&id=1',
  '/item?id[]=1',
  '/item?id[0]=1',
  '/item?id%5B%5D=1',
  '/item?id[a]=1',
  '/item?id=1&utm_source=x;id=2',
  '/item?utm_source=x&id=1',
  '/item?ID=1',
  '/item?id=%31',
  '/item?%69d=1',
  '/item?id =1',
  '/item?id+=1',
  '/item?id%00=1',
  '/item?id=1%00',
  '/item?id',
  '/item?id=',
  '/item?=1',
  '/item?',
  '/item?&',
  '/item?id=1?role=admin',
  '/item?__proto__=1',
  '/item?constructor=1',
].filter((path) => !path.includes(' '));

const injected = [
  '/item/a:b',
  '/item/a%3Ab',
  '/item/a/b',
  '/item/a%2Fb',
  '/item/a%252Fb',
  '/item/a|b',
  '/item/a%7Cb',
  '/item/a,b',
  '/item/s3:abc',
  '/item/%5B%22a%22%5D',
  '/item/a%22,%22b',
  '/item/a%0Ab',
  '/item/a%00b',
  '/item/a%20b',
  '/item/a+b',
  '/item/{a}',
  '/item/%E2%80%AE',
  '/item/a?b=c%3Fd',
  '/item/a%3Fb=c',
  '/item/a%23b',
].map((path) => path.replace('{a}', '%7Ba%7D').replace('a|b', 'a%7cb'));

const confused = [
  '/files/a/b',
  '/files/a//b',
  '/files/./a/b',
  '/files/x/../a/b',
  '/files/x/%2e%2e/a/b',
  '/files/a%2Fb',
  '/files/a%5Cb',
  '/files/a;v=1/b',
  '/files/a;.css',
  '/files/A/b',
  '/files/a/b/',
  '/files/a/b.css',
  '/files/a%2Eb',
  '/files/a.b',
];

describe.each(platforms)('targets that look alike, on %s', (platform) => {
  let app: AttackedApp;
  afterEach(() => app.close());

  async function start(options?: Attacked['options']): Promise<Visit> {
    app = await startAttackedApp({
      platform,
      controllers: [attackedRoutes(...echoRoutes(platform, options))],
    });
    return app.visit;
  }

  /** What each target is answered with by itself: with no-store nothing is stored, and nothing stored is there. */
  async function plain(visit: Visit, targets: readonly string[]): Promise<Map<string, string>> {
    const own = new Map<string, string>();
    for (const target of targets)
      own.set(target, answer(await visit(target, { 'Cache-Control': 'no-store' })));
    return own;
  }

  const answer = ({ status, text }: { status: number; text: string }): string => `${status} ${text}`;

  it.each([
    ['parameter cloaking', cloaked],
    ['delimiters of keys', injected],
    ['path confusion', confused],
  ])('%s: each is answered as if there were no cache, in any order', async (_name, targets) => {
    const visit = await start();
    const own = await plain(visit, targets);
    for (const order of [targets, targets.toReversed(), targets]) {
      for (const target of order)
        expect([target, answer(await visit(target))]).toEqual([target, own.get(target)]);
    }
    expect([...own.values()].filter((text) => text.startsWith('200')).length).toBeGreaterThan(
      targets.length / 2,
    );
  });

  it.each([
    ['parameter cloaking', cloaked],
    ['delimiters of keys', injected],
  ])('%s: parameters that the key leaves out change nothing of those in it', async (_name, targets) => {
    const visit = await start({ response: { query: ['id'] } });
    const own = await plain(visit, targets);
    const seen = (text: string | undefined): unknown => {
      const body = JSON.parse((text ?? '').slice(4)) as { params: unknown; query?: { id?: unknown } };
      return { params: body.params, id: body.query?.id };
    };
    for (const target of [...targets, ...targets.toReversed()]) {
      const served = answer(await visit(target));
      if (!served.startsWith('200')) continue;
      expect([target, seen(served)]).toEqual([target, seen(own.get(target))]);
    }
  });

  it('a fixed key does not run into another one, nor into a path', async () => {
    let runs = 0;
    const one = (path: string, key: string): Attacked => ({
      path,
      handle: ({ params }) => ({ path, params: { ...params }, run: (runs += 1) }),
      options: { key },
    });
    app = await startAttackedApp({
      platform,
      controllers: [
        attackedRoutes(one('a/:id', 'k'), one('b/:id', 'k'), one('c/:id', 'k:1'), one('d/:id', 'k')),
      ],
    });
    const seen = new Set<string>();
    const paths = ['/a/1', '/a/:1', '/b/1', '/c/1', '/d/1', '/d/1:k'];
    for (const path of paths) seen.add((await app.visit(path)).text);
    expect(seen.size).toBe(paths.length);
  });

  it('cache deception: what somebody signed in is shown is nobody else’s, whatever the path looks like', async () => {
    let runs = 0;
    app = await startAttackedApp({
      platform,
      controllers: [
        attackedRoutes({
          path: platform === 'express' ? 'account/*rest' : 'account/*',
          handle: ({ headers }) => ({ secret: headers.authorization ?? 'none', run: (runs += 1) }),
        }),
      ],
    });
    for (const tail of [
      'me.css',
      'me;a.js',
      'me%2F..%2Fa.css',
      'static/../me',
      'me/%2e%2e/a.png',
      'me.ico?v=1',
    ]) {
      const path = `/account/${tail}`;
      await app.visit(path, { Authorization: 'Bearer secret' });
      await app.visit(path, { Authorization: '' });
      const { text } = await app.visit(path);
      expect([path, text.includes('secret":"none') || !text.includes('Bearer')]).toEqual([path, true]);
    }
  });
});
