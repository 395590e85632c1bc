import { ForbiddenException, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { afterEach, describe, expect, it } from 'vitest';
import { platforms } from '../response-app.js';
import {
  attackedRoutes,
  Runs,
  startAttackedApp,
  type Attacked,
  type AttackedApp,
  type Visit,
  type Visited,
} from './attacked-app.js';

/** Knows users by a token, and keeps those out who have a wrong one. */
@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Visited>();
    const token = request.headers.authorization;
    if (token === 'wrong') throw new ForbiddenException();
    if (token !== undefined) request.user = { id: token };
    return true;
  }
}

const userOf = (context: ExecutionContext): string | undefined =>
  (context.switchToHttp().getRequest<Visited>().user as { id: string } | undefined)?.id;

describe.each(platforms)('private pages on %s', (platform) => {
  let app: AttackedApp;
  let runs: Runs;
  afterEach(() => app.close());

  async function start(options: Attacked['options'], handle?: Attacked['handle']): Promise<Visit> {
    runs = new Runs();
    const own: Attacked['handle'] = ({ user }) => ({ user: user ?? null, run: runs.next() });
    app = await startAttackedApp({
      platform,
      controllers: [attackedRoutes({ path: 'me', handle: handle ?? own, options: options ?? {} })],
      providers: [{ provide: APP_GUARD, useClass: TokenGuard }],
    });
    return app.visit;
  }

  const as = (name: string) => ({ Authorization: name });

  it('nothing in a response tells whether somebody signed in has asked before', async () => {
    const visit = await start({ response: { cacheStatus: true } });
    const told = async (headers: Record<string, string>): Promise<unknown> => {
      const { status, headers: fields } = await visit('/me', headers);
      return [status, fields['age'], fields['cache-status']];
    };
    const before = await told(as('bob'));
    await visit('/me', as('ann'));
    expect(await told(as('bob'))).toEqual(before);
    expect(String(before)).not.toContain('hit');
    const anonymous = await visit('/me');
    expect(anonymous.text).toContain('"user":null');
    expect(runs.count).toBe(4);
  });

  it('a user is answered from the pages of that user only, by whatever spelling', async () => {
    const visit = await start({ response: { varyByUser: userOf } });
    for (const name of ['ann', 'Ann', 'an', 'ann ', 'n:1', '1', 'ann\u0000', 'ann,bob'].filter(
      (one) => !one.includes('\0'),
    )) {
      const { text } = await visit('/me', as(name));
      expect((JSON.parse(text) as { user: { id: string } }).user.id).toBe(name.trim());
    }
    const before = runs.count;
    expect((await visit('/me', as('ann'))).text).toContain('"run":1}');
    expect(runs.count).toBe(before);
  });

  it('other caches are told that the pages of users are private, on a miss as well as on a hit', async () => {
    const visit = await start({ response: { varyByUser: userOf } });
    const [miss, hit] = [await visit('/me', as('ann')), await visit('/me', as('ann'))];
    expect(hit.text).toBe(miss.text);
    expect(hit.headers['cache-control']).toBe('private');
    expect(miss.headers['cache-control']).toBe('private');
  });

  it('who is nobody is given no user’s page, and stores none', async () => {
    const visit = await start({ response: { varyByUser: userOf } });
    await visit('/me', as('ann'));
    expect((await visit('/me')).text).toBe('{"user":null,"run":2}');
    expect((await visit('/me')).text).toBe('{"user":null,"run":3}');
  });

  it('the tag of somebody’s page says nothing of it to others', async () => {
    const visit = await start({ response: { varyByUser: userOf } }, ({ user }) => ({ user: user ?? null }));
    const { headers } = await visit('/me', as('ann'));
    const condition = { 'If-None-Match': headers.etag ?? '' };
    expect((await visit('/me', as('ann'))).status).toBe(200);
    expect((await visit('/me', { ...as('ann'), ...condition })).status).toBe(304);
    expect((await visit('/me', { ...as('bob'), ...condition })).status).toBe(200);
    expect((await visit('/me', condition)).status).toBe(200);
  });

  it('who may not see a page is not told whether it is stored', async () => {
    const visit = await start({ response: { public: true } }, () => ({ run: runs.next() }));
    const cold = await visit('/me', as('wrong'));
    await visit('/me', as('ann'));
    expect((await visit('/me', as('ann'))).text).toBe('{"run":1}');
    const warm = await visit('/me', as('wrong'));
    expect([warm.status, warm.text]).toEqual([403, cold.text]);
    expect(warm.headers).toEqual({ ...cold.headers, date: warm.headers.date });
  });

  it('what is made for nobody is not given to somebody, nor the other way round', async () => {
    const visit = await start({}, ({ user }) => ({ user: user ?? null, run: runs.next() }));
    expect((await visit('/me')).text).toContain('"run":1');
    expect((await visit('/me', as('ann'))).text).toContain('"id":"ann"');
    expect((await visit('/me')).text).toContain('"run":1');
  });

  it.each<[string, Attacked['options']]>([
    ['public', { response: { public: true } }],
    ['decided by the headers', { response: { respectHeaders: true } }],
  ])('who is asking is not answered by another one’s page, where the route is %s', async (_name, options) => {
    const visit = await start(options, ({ user, headers }, response) => {
      response.header('Cache-Control', 'public, max-age=60');
      return { user: user ?? headers.authorization ?? null, run: runs.next() };
    });
    for (const headers of [{}, as('ann'), as('bob'), {}]) {
      const { text } = await visit('/me', headers);
      const name = (headers as { Authorization?: string }).Authorization;
      expect((JSON.parse(text) as { user: unknown }).user).toEqual(name === undefined ? null : { id: name });
    }
  });

  it.each<[string, unknown]>([
    ['an empty text', ''],
    ['an object', { id: 1 }],
    ['a promise', Promise.resolve('ann')],
    ['NaN', Number.NaN],
  ])('nothing is stored where the user is told by %s', async (_name, user) => {
    const visit = await start({ response: { varyByUser: () => user as string } });
    await visit('/me', as('ann'));
    expect((await visit('/me', as('bob'))).text).toContain('"run":2');
    expect((await visit('/me', as('ann'))).text).toContain('"run":3');
  });
});
