import type { DynamicModule } from '@nestjs/common';
import { Controller, Get, Injectable, type CallHandler, type NestInterceptor } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { APP_INTERCEPTOR } from '@nestjs/core';
import {
  Args,
  Context,
  GraphQLModule,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
} from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CacheEvict, Cacheable } from 'nestjs-redis-cache';
import { tap } from 'rxjs';
import { send } from '../http-client.js';
import type { ModuleAppOptions } from '../module-app.js';
import { platforms, type Platform } from '../response-app.js';
import { cacheSays, neighbours } from './neighbours.js';

const SCHEMA = `
  type City { id: String! run: Int! mayor: String! visitor: String! }
  type Query { city(id: String!): City! plain: Int! failing: Int! }
  type Mutation { rename(id: String!): Int! }
`;

const runs = { city: 0, mayor: 0, plain: 0, failing: 0, page: 0, renamed: 0 };
const seen: string[] = [];

interface City {
  readonly id: string;
  readonly run: number;
}

@Resolver('City')
class CityResolver {
  @Query('city')
  @Cacheable({ ttl: '1m', tags: (id: string) => [`city:${id}`] })
  async city(@Args('id') id: string): Promise<City> {
    return { id, run: (runs.city += 1) };
  }

  @ResolveField('mayor')
  @Cacheable({ ttl: '1m', key: (city: City) => `mayor of ${city.id}` })
  async mayor(@Parent() city: City): Promise<string> {
    return `mayor ${(runs.mayor += 1)} of ${city.id}`;
  }

  @ResolveField('visitor')
  visitor(@Context() context: { readonly req?: Asked; readonly reply?: { readonly request: Asked } }) {
    return String((context.req ?? context.reply?.request)?.headers['x-visitor']);
  }

  @Query('plain')
  plain(): number {
    return (runs.plain += 1);
  }

  // GraphQL gives a resolver without parameters all it has: the context is no part of a key.
  @Query('failing')
  @Cacheable({ ttl: '1m', key: 'failing' })
  async failing(): Promise<number> {
    runs.failing += 1;
    throw new Error('no such city');
  }

  @Mutation('rename')
  @CacheEvict({ tags: (id: string) => [`city:${id}`] })
  async rename(@Args('id') _id: string): Promise<number> {
    return (runs.renamed += 1);
  }
}

interface Asked {
  readonly headers: Readonly<Record<string, unknown>>;
}

@Controller()
class PageController {
  @Get('page')
  page() {
    return { run: (runs.page += 1) };
  }
}

@Injectable()
class Seeing implements NestInterceptor {
  intercept(context: { getType(): string }, next: CallHandler) {
    return next.handle().pipe(tap(() => seen.push(context.getType())));
  }
}

function graphql(platform: Platform): DynamicModule {
  return platform === 'express'
    ? GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        typeDefs: SCHEMA,
        csrfPrevention: false,
      })
    : GraphQLModule.forRoot<MercuriusDriverConfig>({ driver: MercuriusDriver, typeDefs: SCHEMA });
}

describe.each(platforms)('GraphQL on %s', (platform) => {
  const { start, ask } = neighbours(platform);
  afterEach(() => vi.restoreAllMocks());

  async function startGraph(options: Partial<ModuleAppOptions> = {}) {
    Object.assign(runs, { city: 0, mayor: 0, plain: 0, failing: 0, page: 0, renamed: 0 });
    seen.length = 0;
    return start({
      controllers: [PageController],
      imports: [graphql(platform)],
      ...options,
      providers: [CityResolver, ...(options.providers ?? [])],
    });
  }

  async function query(text: string, headers: Record<string, string> = {}) {
    const reply = await ask(`/graphql?query=${encodeURIComponent(text)}`, headers);
    expect(cacheSays(reply)).toBe('nothing');
    return JSON.parse(reply.text) as { data: Record<string, unknown> | null; errors?: unknown[] };
  }

  it('resolvers are cached methods: each by its own key, whatever the query', async () => {
    await startGraph();
    for (const text of ['{ city(id: "a") { run mayor } }', 'query Q { city(id: "a") { mayor run } }']) {
      expect((await query(text)).data).toEqual({ city: { run: 1, mayor: 'mayor 1 of a' } });
    }
    expect((await query('{ city(id: "b") { run mayor } }')).data).toEqual({
      city: { run: 2, mayor: 'mayor 2 of b' },
    });
    expect(runs).toMatchObject({ city: 2, mayor: 2 });
  });

  it.each(['decorated', 'all'] as const)(
    'with routes: %s no query is answered by the response cache',
    async (routes) => {
      await startGraph({ http: { routes } });
      for (const [run, visitor] of ['ann', 'bob'].entries()) {
        const { data } = await query('{ plain city(id: "a") { visitor } }', { 'X-Visitor': visitor });
        expect(data).toEqual({ plain: run + 1, city: { visitor } });
      }
      const first = await ask('/page');
      expect([cacheSays(first), cacheSays(await ask('/page'))]).toEqual(
        routes === 'all' ? ['fwd=uri-miss; stored', 'hit'] : ['nothing', 'nothing'],
      );
    },
  );

  it('a mutation evicts what a resolver has stored, and is none of the response cache', async () => {
    const { url } = await startGraph({ http: { routes: 'all' } });
    await query('{ city(id: "a") { run } }');
    const answer = await send(url, '/graphql', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query: 'mutation { rename(id: "a") }' }),
    });
    expect(JSON.parse(answer.text)).toEqual({ data: { rename: 1 } });
    expect((await query('{ city(id: "a") { run } }')).data).toEqual({ city: { run: 2 } });
  });

  it('errors of a resolver are told to everybody who asks, and not kept', async () => {
    await startGraph();
    for (const run of [1, 2]) {
      const { errors } = await query('{ failing }');
      expect(JSON.stringify(errors)).toContain('no such city');
      expect(runs.failing).toBe(run);
    }
  });

  it('interceptors of the application see resolvers, and routes that are not hits', async () => {
    await startGraph({
      http: { routes: 'all' },
      providers: [{ provide: APP_INTERCEPTOR, useClass: Seeing }],
    });
    await ask('/page');
    await ask('/page');
    await query('{ plain }');
    await query('{ plain }');
    expect(seen).toEqual(['http', 'graphql', 'graphql']);
  });
});
