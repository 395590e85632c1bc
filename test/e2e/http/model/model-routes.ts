import type { ExecutionContext } from '@nestjs/common';
import type { ResponseOptions } from '../../../../src/di/response-options.js';
import type { ModelRoute } from '../../../support/http-model/messages.js';

/** How long a second of the model is, in milliseconds: real time goes on meanwhile, and must not matter. */
export const TICK = 20_000;

/** A route of the applications: what the model is told of it, and what `@Cacheable`. */
export interface AppRoute {
  readonly name: string;
  readonly model: ModelRoute;
  /** The query parameters that the route names; `undefined` = all. */
  readonly query: readonly string[] | undefined;
  /** Whether `X-Mine` is one of its `perRequestHeaders`. */
  readonly dropsMine: boolean;
  readonly response: ResponseOptions;
}

/** Who was put on the request by a guard. */
const userOf = (context: ExecutionContext): string | undefined =>
  context.switchToHttp().getRequest<{ readonly user?: { readonly id: string } }>().user?.id;

function appRoute(
  name: string,
  said: Partial<ModelRoute>,
  { query, dropsMine = false }: { query?: readonly string[]; dropsMine?: boolean } = {},
): AppRoute {
  const model: ModelRoute = {
    mode: 'policy',
    audience: 'anonymous',
    ttl: 5,
    negativeTtl: 2,
    statuses: [],
    keysTenant: false,
    revalidate: 0,
    error: 0,
    ...said,
  };
  const { mode, audience, negativeTtl, statuses, keysTenant, revalidate, error } = model;
  const response: ResponseOptions = {
    respectHeaders: mode === 'headers',
    ...(audience === 'everybody' && { public: true }),
    ...(audience === 'user' && { varyByUser: userOf }),
    statuses: [...statuses],
    negativeTtl: negativeTtl * TICK,
    vary: keysTenant ? ['x-tenant'] : [],
    sessionCookies: ['sid'],
    ...(query !== undefined && { query: [...query] }),
    ...(dropsMine && { perRequestHeaders: ['x-mine'] }),
    ...((revalidate > 0 || error > 0) && {
      stale: {
        ...(revalidate > 0 && { revalidate: revalidate * TICK }),
        ...(error > 0 && { error: error * TICK }),
      },
    }),
  };
  return { name, model, query, dropsMine, response };
}

/** Every choice of a policy is on some route. */
export const ROUTES: readonly AppRoute[] = [
  appRoute('visitors', { statuses: [404, 204] }),
  appRoute(
    'everybody',
    { audience: 'everybody', ttl: 9, keysTenant: true },
    { query: ['q'], dropsMine: true },
  ),
  appRoute('users', { audience: 'user', error: 5, statuses: [404] }),
  appRoute('lasting', { ttl: 2, negativeTtl: 1, statuses: [404], revalidate: 3, error: 9 }),
  appRoute('rfc', { mode: 'headers' }, { dropsMine: true }),
  appRoute('rfc-everybody', {
    mode: 'headers',
    audience: 'everybody',
    keysTenant: true,
    revalidate: 5,
    error: 2,
  }),
  appRoute('rfc-users', { mode: 'headers', audience: 'user', error: 9 }),
  appRoute('rfc-lasting', { mode: 'headers', revalidate: 5, error: 9 }, { query: ['q'] }),
];

/** What a URL is to the cache of a route: parameters that it does not name do not count, nor does the order of names. */
export function resourceOf({ name, query }: AppRoute, id: string, search: string): string {
  const given = search === '' ? [] : search.slice(1).split('&');
  const nameOf = (parameter: string): string => parameter.split('=', 1)[0] ?? '';
  const kept = given.filter((parameter) => query === undefined || query.includes(nameOf(parameter)));
  const names = [...new Set(kept.map(nameOf))].toSorted();
  return `${name}/${id}?${names.map((one) => kept.filter((parameter) => nameOf(parameter) === one).join('&')).join('&')}`;
}
