import fc from 'fast-check';
import type { Mishap } from './model-connection.js';

/** The keys of all programs, with their tags: those that are declared, and those that only the loader names. */
export const KEYS = ['plain', 'tagged'] as const;
export type Key = (typeof KEYS)[number];
export const DECLARED: Readonly<Record<Key, readonly string[]>> = { plain: [], tagged: ['x'] };
export const NAMED: Readonly<Record<Key, readonly string[]>> = { plain: [], tagged: ['y'] };
export const TAGS = ['x', 'y'] as const;

/** The tags that a key always carries. */
export function tagsOf(key: Key): string[] {
  return [...DECLARED[key], ...NAMED[key]];
}

/** One thing that a caller does, or that happens to its node. */
export type Step =
  | { readonly does: 'get' | 'set' | 'del' | 'expire'; readonly key: Key }
  | { readonly does: 'getOrSet'; readonly key: Key; readonly fresh: boolean; readonly fails: boolean }
  | { readonly does: 'getOrSetMany'; readonly fails: boolean }
  | { readonly does: 'invalidateTags'; readonly tags: readonly string[] }
  | { readonly does: 'mutate'; readonly keys: readonly Key[]; readonly tags: readonly string[] }
  | { readonly does: 'clear' }
  | { readonly does: 'evict'; readonly pick: number }
  | { readonly does: 'pass'; readonly time: number }
  | { readonly does: 'mishap'; readonly kind: Mishap }
  | { readonly does: 'break' }
  | { readonly does: 'deafen' };

/** What a caller does on a node. */
export interface Move {
  readonly node: number;
  readonly step: Step;
}

/** What the callers of one application do on its nodes: each does one thing after the other. */
export interface Program {
  readonly nodes: readonly { readonly remembers: boolean; readonly servesStale: boolean }[];
  readonly callers: readonly (readonly Move[])[];
}

/** A kind of step, and how often it is done. */
type Weighted = fc.WeightedArbitrary<Step>;

/** What some callers do: reads of some keys, and few kinds of changes, so that they meet. */
interface Theme {
  readonly keys: readonly Key[];
  readonly changes: readonly Step['does'][];
  /** Whether loaders fail, and nodes serve stale values then. */
  readonly failures: fc.Arbitrary<boolean>;
}

/** What changes things. */
export const CHANGES = ['set', 'del', 'expire', 'invalidateTags', 'mutate', 'clear'] as const;
export type Change = (typeof CHANGES)[number];

const seldom = fc.constantFrom(false, false, false, false, false, true);

function themes(change: Change): fc.Arbitrary<Theme> {
  return fc.record({
    keys: fc.constantFrom<Key[][]>(['plain'], ['tagged'], ['tagged'], [...KEYS]),
    changes: fc.oneof(
      { weight: 3, arbitrary: fc.constant([change]) },
      { weight: 1, arbitrary: fc.constantFrom(...CHANGES).map((other) => [change, other]) },
    ),
    failures: fc.constantFrom(fc.constant(false), fc.constant(false), fc.boolean()),
  });
}

const tags = fc.constantFrom(['x'], ['y'], [...TAGS]);

function reads({ keys, failures: fails }: Theme): Weighted[] {
  const key = fc.constantFrom(...keys);
  return [
    { weight: 2, arbitrary: fc.record({ does: fc.constant('get'), key }) },
    {
      weight: 6,
      arbitrary: fc.record({ does: fc.constant('getOrSet'), key, fresh: seldom, fails }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('getOrSetMany'), fails }) },
  ];
}

function changes({ keys, changes: kinds }: Pick<Theme, 'keys' | 'changes'>): Weighted[] {
  const key = fc.constantFrom(...keys);
  const targets = fc.oneof(
    fc.record({ keys: fc.tuple(key), tags: fc.constant([]) }),
    fc.record({ keys: fc.constant([]), tags }),
  );
  const each: Partial<Record<Step['does'], fc.Arbitrary<Step>>> = {
    set: fc.record({ does: fc.constant('set'), key }),
    del: fc.record({ does: fc.constant('del'), key }),
    expire: fc.record({ does: fc.constant('expire'), key }),
    invalidateTags: fc.record({ does: fc.constant('invalidateTags'), tags }),
    mutate: targets.map((one) => ({ does: 'mutate', ...one })),
    clear: fc.constant({ does: 'clear' }),
  };
  return kinds.map((kind) => ({ weight: 5, arbitrary: each[kind] as fc.Arbitrary<Step> }));
}

const events: Weighted[] = [
  { weight: 1, arbitrary: fc.record({ does: fc.constant('evict'), pick: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('pass'), time: fc.constantFrom(10, 1_500, 6_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('mishap'),
      kind: fc.constantFrom<Mishap[]>('dropped', 'cut', 'unanswered', 'late'),
    }),
  },
  { weight: 0.5, arbitrary: fc.constant({ does: 'break' }) },
  { weight: 0.5, arbitrary: fc.constant({ does: 'deafen' }) },
].map(({ weight, arbitrary }) => ({ weight: 2 * weight, arbitrary: arbitrary as fc.Arbitrary<Step> }));

/** Programs in which callers on several nodes meet. `wild` = with what may happen to Redis and the nodes. */
export function programs(change: Change, wild: boolean): fc.Arbitrary<Program> {
  const all = fc.tuple(themes(change), fc.constantFrom(2, 2, 2, 3)).chain(([theme, count]) => {
    const node = fc.record({ remembers: fc.boolean(), servesStale: theme.failures });
    const step = fc.oneof(...reads(theme), ...changes(theme), ...(wild ? events : []));
    const steps = fc.array(step, { minLength: 1, maxLength: 3 });
    const callers = fc.array(steps, { minLength: 2, maxLength: 5 });
    return fc.record({
      nodes: fc.array(node, { minLength: count, maxLength: count }),
      callers: callers.map((each) =>
        each.map((own, at) => own.map((one) => ({ node: at % count, step: one }))),
      ),
    });
  });
  return fc.noBias(all);
}

/**
 * Programs aimed at those who come late: while one node loads, a caller changes something on another one, and asks the node
 * that loads when that is acknowledged. It reads something before, so that the load has begun by then.
 */
export function latecomers(change: Change): fc.Arbitrary<Program> {
  const node = fc.boolean().map((remembers) => ({ remembers, servesStale: false }));
  const all = fc.constantFrom(...KEYS).chain((key) => {
    const load: Move = { node: 0, step: { does: 'getOrSet', key, fresh: false, fails: false } };
    const before = fc.array(fc.constant<Move>({ node: 1, step: { does: 'get', key } }), { maxLength: 5 });
    const changed = fc.oneof(...changes({ keys: [key], changes: [change] }));
    return fc.record({
      nodes: fc.tuple(node, node),
      callers: fc
        .tuple(before, changed)
        .map(([earlier, step]) => [[load], [...earlier, { node: 1, step }, load]]),
    });
  });
  return fc.noBias(all);
}

/** All kinds of programs. */
export const KINDS = [
  { what: 'sound connections', programs: (change: Change) => programs(change, false) },
  {
    what: 'evictions, lost answers, connections and channels',
    programs: (change: Change) => programs(change, true),
  },
  { what: 'callers who come late', programs: latecomers },
];
