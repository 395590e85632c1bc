import { Controller, Get, Injectable, Scope, UseGuards, type CanActivate, type Type } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import type { ResponseOptions } from '../../../../src/di/response-options.js';
import { eventually } from '../../../support/eventually.js';
import { send } from '../http-client.js';
import { counter } from '../routes.js';
import { appsOn, platforms, type RuleAppOptions } from './rule-app.js';

const user = () => 1;
const MINUTE = { stale: { revalidate: '1m' } } as const;

/** A controller whose one route says so. */
function saying(response: ResponseOptions | undefined, path: string, scope?: Scope): Type {
  @Controller({ path, ...(scope !== undefined && { scope }) })
  class Pages {
    @Get()
    @Cacheable(response === undefined ? {} : { response })
    find() {
      return {};
    }
  }
  return Pages;
}

describe('rule 14: routes whose handlers cannot run for nobody', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);
    const startWith = (controller: Type, http: RuleAppOptions['http'] = {}) =>
      start({}, { controllers: [controller], http });

    it.each<[string, ResponseOptions, RuleAppOptions['http']]>([
      ['by themselves', { varyByUser: user, ...MINUTE }, {}],
      ['by their policy', { varyByUser: user, policy: 'pages' }, { policies: { pages: MINUTE } }],
    ])(
      'responses per user that are renewed %s keep the application from starting',
      async (_name, response, http) => {
        await expect(startWith(saying(response, 'a'), http)).rejects.toThrow(
          'Pages.find @Cacheable.response.stale.revalidate: cannot stand beside varyByUser',
        );
      },
    );

    it('so does a controller that is made for each request, by itself or by a guard', async () => {
      const rule =
        'Pages.find @Cacheable.response.stale.revalidate: cannot stand on a controller that is made for each request';
      @Injectable({ scope: Scope.REQUEST })
      class Gate implements CanActivate {
        canActivate() {
          return true;
        }
      }
      const guarded = saying(MINUTE, 'b');
      UseGuards(Gate)(guarded);
      await expect(startWith(saying(MINUTE, 'a', Scope.REQUEST))).rejects.toThrow(rule);
      await expect(startWith(guarded)).rejects.toThrow(rule);
    });

    it('what they take from their cache or the module just does not apply', async () => {
      await startWith(saying(undefined, 'a', Scope.REQUEST), MINUTE);
      await startWith(saying({ varyByUser: user }, 'b'), MINUTE);
      const { visit } = await start(counter(), {
        cacheable: { ttl: 1, response: { varyByUser: user } },
        http: MINUTE,
      });
      await visit('/page');
      await eventually(async () => expect((await visit('/page')).text).toBe('{"run":2}'));
    });

    it('AsyncLocalStorage is that of the request that finds the response stale', async () => {
      const visitor = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      let name = 'ann';
      const { url } = await start(
        () => {
          seen.push(visitor.getStore());
          return { run: seen.length };
        },
        {
          cacheable: { ttl: 1, response: MINUTE },
          prepare: (nest) =>
            nest.use((_request: unknown, _response: unknown, next: () => void) => visitor.run(name, next)),
        },
      );
      await send(url, '/page');
      name = 'bob';
      await eventually(async () => {
        await send(url, '/page');
        expect(seen.slice(0, 2)).toEqual(['ann', 'bob']);
      });
    });
  });
});

describe('rule 14: on Fastify, a route with a preSerialization hook', () => {
  const start = appsOn('fastify');

  it('is not served stale, but in the place of an error', async () => {
    let fails = false;
    const run = counter();
    const { visit } = await start(
      () => {
        if (fails) throw new Error('no');
        return run();
      },
      {
        cacheable: { ttl: 1, response: { stale: { revalidate: '1m', error: '1m' } } },
        prepare: (nest) => {
          const fastify = nest.getHttpAdapter().getInstance() as unknown as FastifyInstance;
          fastify.addHook('preSerialization', async (_request, _reply, payload) => ({ wrapped: payload }));
        },
      },
    );
    expect((await visit('/page')).text).toBe('{"wrapped":{"run":1}}');
    await eventually(async () => expect((await visit('/page')).text).toBe('{"wrapped":{"run":2}}'));
    fails = true;
    await eventually(async () => {
      const { status, text } = await visit('/page');
      expect([status, JSON.parse(text)]).toEqual([200, { wrapped: { run: 2 } }]);
    });
  });
});
