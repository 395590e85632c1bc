import fc from 'fast-check';
import type { Directive, ModelRequest, ModelResponse, ModelRoute } from './messages.js';

/** A request, and what the handler would answer: `passed` = seconds since the last one. */
export interface Step {
  readonly passed: number;
  readonly request: ModelRequest;
  readonly response: ModelResponse;
  /** Whether the handler says 304 where it is asked by the validator of what is stored. */
  readonly confirms: boolean;
}

/** What requests are made of a route. */
export interface HttpProgram {
  readonly route: ModelRoute;
  readonly steps: readonly Step[];
}

const seconds = fc.constantFrom(0, 1, 2, 5, 9);
const often = <Value>(usual: Value, ...others: Value[]) =>
  fc.oneof(
    { arbitrary: fc.constant(usual), weight: 4 * (others.length + 4) },
    ...others.map((one) => fc.constant(one)),
  );

const directive: fc.Arbitrary<Directive> = fc.oneof(
  fc.record({
    name: fc.constantFrom(
      'max-age',
      'max-age',
      's-maxage',
      'stale-while-revalidate',
      'stale-while-revalidate',
      'stale-if-error',
    ),
    seconds: fc.oneof({ arbitrary: seconds, weight: 9 }, fc.constant('soon' as const)),
  }),
  fc.record({
    name: fc.constantFrom(
      'public',
      'public',
      'no-store',
      'no-cache',
      'private',
      'must-revalidate',
      'proxy-revalidate',
      'must-understand',
      'x-private-ext',
      'immutable',
    ),
  }),
);

const route: fc.Arbitrary<ModelRoute> = fc.record({
  mode: fc.constantFrom('policy', 'headers'),
  audience: fc.constantFrom('anonymous', 'anonymous', 'everybody', 'user'),
  ttl: fc.constantFrom(1, 5, 9),
  negativeTtl: fc.constantFrom(1, 3),
  statuses: fc.constantFrom([], [404], [204, 404]),
  keysTenant: fc.boolean(),
  revalidate: fc.constantFrom(0, 2, 5),
  error: fc.constantFrom(0, 2, 9),
});

const request: fc.Arbitrary<ModelRequest> = fc.record({
  method: often('GET', 'HEAD', 'POST'),
  url: often('/a', '/b'),
  authorization: often(false, true),
  user: often<string | undefined>(undefined, 'ann', 'bob'),
  session: often(false, true),
  cookie: often('none', 'theme', 'sid'),
  languages: often<readonly string[] | undefined>(undefined, [], ['de'], ['DE'], ['de', 'en'], ['en', 'de']),
  spaced: fc.boolean(),
  tenant: often<string | undefined>(undefined, '', 'x', 'y'),
  cacheControl: often<'no-store' | 'no-cache' | undefined>(undefined, 'no-store', 'no-cache'),
});

/** Where only users are told apart, most requests have one. */
export const requestOf = ({ audience }: ModelRoute): fc.Arbitrary<ModelRequest> =>
  audience === 'user'
    ? fc
        .tuple(request, often<string | undefined>('ann', 'bob', undefined))
        .map(([one, user]) => ({ ...one, user }))
    : request;

/** What handlers of a route say. */
export const responseOf = ({ mode }: ModelRoute): fc.Arbitrary<ModelResponse> =>
  fc.record({
    status: often(200, 204, 206, 299, 404, 500, 500, 500, 500),
    control: fc
      .array(directive, { maxLength: 2 })
      .chain((few) =>
        mode === 'headers'
          ? fc.constantFrom(5, 9).map((age) => [{ name: 'max-age', seconds: age }, ...few])
          : fc.constant(few),
      )
      .chain((usual) =>
        fc.oneof({ arbitrary: fc.constant(usual), weight: 4 }, fc.array(directive, { maxLength: 2 })),
      ),
    late: fc.oneof({ arbitrary: fc.constant([]), weight: 6 }, fc.array(directive, { maxLength: 1 })),
    cookie: often('none', 'handler', 'late'),
    expires: often<number | 'invalid' | undefined>(undefined, 5, 0, -3, 'invalid'),
    date: often<number | undefined>(undefined, 0, -2, 3),
    age: often<number | 'invalid' | undefined>(undefined, 1, 4, 'invalid'),
    vary: fc.oneof(
      { arbitrary: fc.constant([]), weight: 3 },
      fc.subarray(['accept-language', 'x-tenant', 'cookie'] as const),
      { arbitrary: fc.constant(['*'] as const), weight: 1 },
    ),
    etag: fc.boolean(),
    hand: fc.constantFrom(0, 1, 2),
  });

/** Programs in which many requests may share a response, and every rule is needed now and then. */
export const httpPrograms: fc.Arbitrary<HttpProgram> = route.chain((chosen) =>
  fc.record({
    route: fc.constant(chosen),
    steps: fc.array(
      fc.record({
        passed: fc.constantFrom(0, 0, 1, 2, 4, 8),
        request: requestOf(chosen),
        response: responseOf(chosen),
        confirms: fc.boolean(),
      }),
      { minLength: 3, maxLength: 10 },
    ),
  }),
);
