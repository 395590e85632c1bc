import fc from 'fast-check';
import type { ModelRequest, ModelResponse } from '../../../support/http-model/messages.js';
import { requestOf, responseOf } from '../../../support/http-model/programs.js';
import type { AppRoute } from './model-routes.js';

/** What the handler of a request does, if it runs. */
export interface Script {
  readonly response: ModelResponse;
  readonly etag: 'none' | 'shared' | 'weak' | 'own';
  /** When its response was last modified, in seconds of the model before the program began. */
  readonly modified: number | undefined;
  /** Whether it says 304 where it sees conditions. */
  readonly confirms: boolean;
  /** How it fails: an `HttpException` of its status, or any other error. */
  readonly throws: 'nothing' | 'exception' | 'error';
  readonly body: 'object' | 'text' | 'empty';
  /** How long it takes, in milliseconds. */
  readonly takes: number;
  /** Whether its `Location` is the other path, where the request changes something. */
  readonly locates: boolean;
}

/** What a client says beside what the model knows of: nothing of it may change what is served but a 304. */
export interface Conditions {
  readonly range: boolean;
  /** `last` = what the client was told last at this URL. */
  readonly noneMatch: 'last' | 'shared' | 'foreign' | '*' | undefined;
  /** As `Script.modified`. */
  readonly since: number | undefined;
}

export interface RequestAction {
  readonly kind: 'request';
  readonly app: 0 | 1;
  /** `url` is the id in the path. */
  readonly request: ModelRequest;
  readonly search: string;
  readonly conditions: Conditions;
  readonly script: Script;
  /** How long after the others of its batch it is sent, in milliseconds. */
  readonly delay: number;
}

export interface InvalidationAction {
  readonly kind: 'invalidation';
  readonly app: 0 | 1;
  readonly what: 'url' | 'route' | 'route with parameters' | 'tag';
  readonly id: string;
  readonly delay: number;
}

export type Action = RequestAction | InvalidationAction;

/** What is done at once: `passed` = seconds of the model since the last one. */
export interface AppStep {
  readonly passed: number;
  readonly actions: readonly Action[];
  /** Whether all that is stored is waited for before the next step. It always is before time passes. */
  readonly settles: boolean;
}

export interface AppProgram {
  readonly route: AppRoute;
  readonly steps: readonly AppStep[];
}

const often = <Value>(usual: Value, ...others: Value[]) =>
  fc.oneof(
    { arbitrary: fc.constant(usual), weight: 3 * (others.length + 2) },
    ...others.map((one) => fc.constant(one)),
  );

const app = fc.constantFrom<0 | 1>(0, 1);
const delay = often(0, 1, 4);
const id = often('a', 'b');
const search = fc.constantFrom(
  '',
  '',
  '',
  '?q=1',
  '?q=2',
  '?x=1',
  '?q=1&x=1',
  '?x=1&q=1',
  '?q=1&q=2',
  '?q=2&q=1',
  '?q',
  '?q=',
);

const conditions: fc.Arbitrary<Conditions> = fc.record({
  range: often(false, true),
  noneMatch: often<Conditions['noneMatch']>(undefined, 'last', 'last', 'shared', 'foreign', '*'),
  since: often<number | undefined>(undefined, 0, 20),
});

/** Directives of responses that are stored. */
const KEEPING = new Set([
  'max-age',
  's-maxage',
  'public',
  'stale-while-revalidate',
  'stale-if-error',
  'immutable',
]);

/** A response that is stored more often than not. */
const usualResponseOf = ({ model }: AppRoute): fc.Arbitrary<ModelResponse> =>
  responseOf(model).map(({ control, vary, ...one }) => ({
    ...one,
    status: 200,
    cookie: 'none',
    control: control.filter(({ name, seconds }) => KEEPING.has(name) && seconds !== 0 && seconds !== 'soon'),
    vary: vary.filter((name) => name !== '*'),
  }));

const scriptOf = (route: AppRoute): fc.Arbitrary<Script> =>
  fc.record({
    response: fc.oneof(usualResponseOf(route), responseOf(route.model)).map((one) => ({ ...one, late: [] })),
    etag: fc.constantFrom('none', 'shared', 'weak', 'own'),
    modified: often<number | undefined>(undefined, 10, 30),
    confirms: fc.boolean(),
    throws: often('nothing', 'exception', 'error'),
    body: fc.constantFrom('object', 'text', 'empty'),
    takes: often(0, 0, 3, 8),
    locates: often(false, true),
  });

/** What most requests of a program are alike in. */
type Usual = Pick<RequestAction, 'request' | 'search'>;

const usualOf = ({ model }: AppRoute): fc.Arbitrary<Usual> =>
  fc.record({
    request: fc.tuple(requestOf(model), id).map(([request, url]) => ({ ...request, url })),
    search,
  });

/** What differs from it in one thing. */
const nearly = ({ request, search: asked }: Usual): fc.Arbitrary<Usual> =>
  fc.oneof(
    search.map((other) => ({ request, search: other })),
    fc
      .constantFrom<Partial<ModelRequest>>(
        { authorization: true },
        { user: 'bob' },
        { session: true },
        { cookie: 'sid' },
        { languages: ['en'] },
        { languages: undefined },
        { tenant: 'y' },
        { tenant: '' },
      )
      .map((other) => ({ request: { ...request, ...other }, search: asked })),
  );

const requestAction = (route: AppRoute, usual: Usual): fc.Arbitrary<RequestAction> =>
  fc
    .tuple(
      fc.oneof(
        { arbitrary: fc.constant(usual), weight: 4 },
        { arbitrary: nearly(usual), weight: 2 },
        { arbitrary: usualOf(route), weight: 1 },
      ),
      fc.record({
        app,
        method: often<ModelRequest['method']>('GET', 'HEAD', 'HEAD', 'POST', 'PUT', 'DELETE'),
        cacheControl: often<ModelRequest['cacheControl']>(undefined, 'no-store', 'no-cache', 'max-age=0'),
        conditions,
        script: scriptOf(route),
        delay,
      }),
    )
    .map(([{ request, search: asked }, { method, cacheControl, ...rest }]) => ({
      kind: 'request',
      request: { ...request, method, cacheControl },
      search: asked,
      ...rest,
    }));

const invalidation: fc.Arbitrary<InvalidationAction> = fc.record({
  kind: fc.constant('invalidation'),
  app,
  what: fc.constantFrom('url', 'route', 'route with parameters', 'tag'),
  id,
  delay,
});

const actions = (route: AppRoute, usual: Usual): fc.Arbitrary<readonly Action[]> =>
  fc.oneof(
    { arbitrary: fc.tuple(requestAction(route, usual)), weight: 12 },
    { arbitrary: fc.tuple(invalidation), weight: 1 },
    // Many that ask for the same, and may each be answered by the run of any other.
    {
      arbitrary: fc
        .tuple(
          requestAction(route, usual),
          fc.array(fc.tuple(app, delay, scriptOf(route)), { minLength: 1, maxLength: 3 }),
        )
        .map(([first, others]) => [
          first,
          ...others.map(([other, later, script]) => ({ ...first, app: other, delay: later, script })),
        ]),
      weight: 2,
    },
    {
      arbitrary: fc.array(
        fc.oneof(
          { arbitrary: requestAction(route, usual), weight: 4 },
          { arbitrary: invalidation, weight: 1 },
        ),
        { minLength: 2, maxLength: 4 },
      ),
      weight: 2,
    },
  );

/** Programs of requests to one route of two applications, in which many requests may share a response. */
export function appPrograms(routes: readonly AppRoute[]): fc.Arbitrary<AppProgram> {
  const begun = fc.constantFrom(...routes).chain((route) => fc.tuple(fc.constant(route), usualOf(route)));
  return begun.chain(([route, usual]) =>
    fc.record({
      route: fc.constant(route),
      steps: fc.array(
        fc.record({
          passed: fc.constantFrom(0, 0, 0, 0, 1, 2, 3, 4, 8),
          actions: actions(route, usual),
          settles: often(true, false),
        }),
        { minLength: 2, maxLength: 8 },
      ),
    }),
  );
}
